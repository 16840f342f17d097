"""Marks on settings: what enters the fingerprint, and which settings are paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import BaseModel, Field, PositiveInt
from pydantic import FilePath as PydanticFile

from raysal.config.essence import difference, essence, is_essential, local_paths
from raysal.config.marks import NOT_ESSENTIAL, Declared, Mark
from raysal.config.settings import Frozen, KeptPath, LocalPath, NamedFile
from raysal.experiment.config import ExperimentConfig, experiment_of, load_experiment
from raysal.sweep.config import SweepConfig
from raysal.sweep.trials import load_sweep
from tests.support.paths import ROOT

PINNED: dict[str, Any] = json.loads(Path(__file__).with_name("fingerprints.json").read_text())
"""Fingerprints of the shipped configurations, and of each trial of the shipped sweeps (or a hash of
them all), by the version that they came with: runs of that version can be resumed."""


class Red(Frozen):
    """One of two kinds."""

    name: Literal["red"] = "red"
    file: LocalPath = "red.txt"
    depth: int = 1


class Blue(Frozen):
    """The other; its `file` is essential by name, and `depth` is not essential at all."""

    name: Literal["blue"] = "blue"
    file: NamedFile = "blue.txt"
    depth: Annotated[int, NOT_ESSENTIAL] = 1


class Whole(Frozen):
    """A mark in every kind of container."""

    output: KeptPath = "runs"
    one: Annotated[Red | Blue, Field(discriminator="name")] = Field(default_factory=Red)
    many: tuple[Red, ...] = ()
    start: Literal["none"] | NamedFile | None = "none"
    lists: dict[str, NamedFile] | None = None
    roots: tuple[LocalPath, ...] = ()
    pair: tuple[int, NamedFile] | None = None
    hidden: Annotated[dict[str, int], NOT_ESSENTIAL] = Field(default_factory=dict)
    tiles: Annotated[PositiveInt, Mark(enters="constant", constant=8)] = 8
    either: Annotated[Literal["auto"] | PositiveInt, NOT_ESSENTIAL] = "auto"


def of(**values: Any) -> dict[str, Any]:
    return essence(Whole, Whole.model_validate(values).dump())


PLAIN = of()


@pytest.mark.parametrize(("name", "pinned"), PINNED.items(), ids=PINNED)
def test_fingerprints_are_those_of_earlier_versions(name: str, pinned: Any) -> None:
    path = ROOT / "configs" / name
    if "\nsweep:" not in path.read_text():
        assert load_experiment(path).fingerprint() == pinned
        return
    trials = {trial.name: trial.config.fingerprint() for trial in load_sweep(path).trials}
    assert (trials if isinstance(pinned, dict) else digest(trials)) == pinned


def digest(trials: dict[str, str]) -> str:
    """Hash of the fingerprints of many trials."""
    return hashlib.blake2b(json.dumps(trials, sort_keys=True).encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ("pinned", "values"),
    [
        (
            "94b4ad3e3d6fd5bf05e07337142c2687",
            {
                "data": {
                    "name": "folder",
                    "images": "i",
                    "masks": "m",
                    "classes": ["x", "y"],
                    "size": [8, 8],
                    "colours": [[0, 0, 0], [1, 1, 1]],
                },
                "acquisition": {"name": "entropy"},
            },
        ),
        (
            "2a8067a1e29a86e4a2c072cfc10a0b9a",
            {
                "data": {"name": "cityscapes", "root": "r"},
                "acquisition": {"name": "coreset"},
                "model": {"name": "deeplabv3plus_drn_d_22", "weights": "/x/drn.pth"},
            },
        ),
        (
            "117319d0d14b4d5654b71ad7372918e0",
            {
                "preset": "cpral",
                "data": {"name": "streets", "max_bad_share": 0.5},
                "train": {"cache_gib": 1, "loader_workers": 2},
                "noise": {"rate": 0.2},
                "acquisition": {
                    "name": "tavaal",
                    "adversary": {"side": 32},
                    "stochastic": {"kind": "softmax"},
                },
                "engine": {"name": "local"},
            },
        ),
    ],
    ids=["folder", "weights", "presets"],
)
def test_other_fingerprints_are_those_of_earlier_versions(
    pinned: str, values: dict[str, Any]
) -> None:
    assert experiment_of({"name": "a", **values}, "").fingerprint() == pinned


def test_every_shipped_configuration_is_pinned() -> None:
    assert {path.name for path in (ROOT / "configs").glob("*.yaml")} == set(PINNED)


def test_lists_and_weights_may_be_in_another_folder() -> None:
    def experiment(
        place: str, train: str = "train.txt", weights: str = "w.pth"
    ) -> ExperimentConfig:
        data = {
            "name": "folder",
            "images": f"{place}/i",
            "masks": f"{place}/m",
            "classes": ["x", "y"],
            "size": [8, 8],
            "lists": {"train": f"{place}/{train}", "test": f"{place}/test.txt"},
        }
        values = {"name": "a", "data": data, "acquisition": {"name": "random"}}
        return experiment_of({**values, "model": {"weights": f"{place}/{weights}"}}, "")

    here, there = experiment("/here"), experiment("/there")
    assert here.fingerprint() == there.fingerprint()
    assert here.essence()["data.lists.train"] == "train.txt"
    assert experiment("/there", train="half.txt").fingerprint() != here.fingerprint()
    assert experiment("/there", weights="v.pth").fingerprint() != here.fingerprint()


def test_memory_of_label_extension_is_not_essential() -> None:
    def chunk(size: int) -> str:
        values = {"name": "a", "data": {"name": "streets"}, "acquisition": {"name": "random"}}
        regions = {"rga": {"map": "random", "subset": "all"}, "cle": {"chunk": size}}
        return experiment_of({**values, **regions}, "").fingerprint()

    assert chunk(16) == chunk(1024)


@pytest.mark.parametrize(
    ("values", "entered"),
    [
        ({"output": "elsewhere"}, {}),
        ({"one": {"name": "red", "file": "a"}}, {}),
        ({"one": {"name": "red", "depth": 2}}, {"one.depth": 2}),
        ({"one": {"name": "blue", "depth": 2}}, {"one.name": "blue", "one.file": "blue.txt"}),
        ({"many": [{"file": "x", "depth": 3}]}, {"many": [{"name": "red", "depth": 3}]}),
        ({"start": "a/b.pt"}, {"start": "b.pt"}),
        ({"start": None}, {"start": None}),
        ({"lists": {"x": "a/x.txt"}}, {"lists.x": "x.txt"}),
        ({"roots": ["a", "b"]}, {}),
        ({"pair": [1, "a/x.txt"]}, {"pair": [1, "x.txt"]}),
        ({"hidden": {"x": 1}}, {}),
        ({"tiles": 2}, {}),
        ({"either": 3}, {}),
    ],
)
def test_what_enters(values: dict[str, Any], entered: dict[str, Any]) -> None:
    changed = of(**values)
    assert {key: value for key, value in changed.items() if PLAIN.get(key, ...) != value} == entered


def test_settings_as_written_need_not_be_valid() -> None:
    written = {
        "output": None,
        "one": {"depth": 2, "file": "a/b"},
        "either": [1],
        "many": "red",
        "unknown": {"a": {"b": 1}},
        "pair": [1, "a/b", "a/c"],
    }
    assert essence(Whole, written) == {
        # Without its name, `one` may be of either kind, and the first one counts.
        "one.depth": 2,
        "unknown.a.b": 1,
        "many": "red",
        "pair": [1, "b", "a/c"],
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("output", False),
        ("one.depth", False),
        ("one.name", True),
        ("many.0.file", False),
        ("many.0.depth", True),
        ("start", True),
        ("lists", True),
        ("lists.x", True),
        ("roots", True),
        ("roots.1", False),
        ("hidden.x", False),
        ("tiles", False),
        ("either", False),
        ("other", True),
    ],
)
def test_single_settings(path: str, expected: bool) -> None:
    assert is_essential(Whole, path) == expected


def test_paths_that_exist_by_their_keys(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    (tmp_path / "x.txt").touch()
    file = str(tmp_path / "x.txt")
    settings = Whole(
        output=str(tmp_path),
        one=Blue(file=file),
        many=(Red(file=file), Red(file="/absent")),
        lists={"x": file, "y": "/absent"},
        roots=("/absent", str(tmp_path)),
        pair=(1, file),
    )
    assert local_paths(settings) == {
        "output": str(tmp_path),
        "one.file": file,
        "many.0.file": file,
        "lists.x": file,
        "roots.1": str(tmp_path),
        "pair.1": file,
    }


def test_words_are_not_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").touch()
    assert local_paths(Whole(start="none")) == {}
    assert local_paths(Whole(start="./none")) == {"start": str(tmp_path / "none")}


def test_difference() -> None:
    before, after = {"a": 1, "b": None, "c": [1]}, {"a": 1, "b": "x", "d": "-- y"}
    assert difference(before, after) == "was b: None; was c: [1]; now b: x; now d: -- y"
    assert difference(before, before) == ""


def test_a_section_that_is_switched_on_or_off_is_one_word() -> None:
    off, on = {"a.x": 1, "rga": None}, {"a.x": 1, "rga.w": 16, "rga.passes": 2}
    assert difference(off, on) == "was rga: off; now rga: on"
    assert difference(on, off) == "was rga: on; now rga: off"
    assert difference(on, on | {"rga.w": 8}) == "was rga.w: 16; now rga.w: 8"
    assert difference({"b": None}, {"b": 1}) == "was b: None; now b: 1"


def leaves(setting: Declared, key: str) -> Iterator[tuple[str, Declared]]:
    """The innermost parts of a setting, by dotted key; `*` is any key of a dict or list."""
    for member in setting.members:
        kind = member.type
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name in kind.model_fields:
                for part in member.inside(name):
                    yield from leaves(part, f"{key}.{name}".lstrip("."))
        elif parts := [
            p for index in range(len(get_args(kind))) for p in member.inside(str(index))
        ]:
            for part in parts:
                yield from leaves(part, f"{key}.*")
        else:
            yield key, member


def unmarked(model: type[BaseModel]) -> set[str]:
    """Settings of a path type that are not marked as paths."""
    return {
        key
        for key, leaf in leaves(Declared(model), "")
        if isinstance(leaf.type, type) and issubclass(leaf.type, PurePath) and not leaf.mark.path
    }


# Settings whose value is any text and no path; whoever adds one decides here which it is.
TEXTS = {
    "name",
    "engine.name",
    "model.name",
    "model.arch",
    "model.encoder",
    "model.factory",
    "model.stages.*",
    "engine.address",
    "data.classes.*",
    "data.mask_ending",
    "acquisition.feature",
    "features.encoder",
    "protocol",
    "only.*",
    "model.rating_stages.*",
}


@pytest.mark.parametrize("model", [ExperimentConfig, SweepConfig])
def test_every_path_is_marked(model: type[BaseModel]) -> None:
    assert unmarked(model) == set(), "these need LocalPath, NamedFile or KeptPath"
    texts = {
        key for key, leaf in leaves(Declared(model), "") if leaf.type is str and not leaf.mark.path
    }
    assert texts <= TEXTS, "these need LocalPath, NamedFile or KeptPath if they name files"


def test_known_paths_are_marked() -> None:
    marked = {key for key, leaf in leaves(Declared(ExperimentConfig), "") if leaf.mark.path}
    assert marked == {
        "output",
        "data.root",
        "data.images",
        "data.masks",
        "data.lists.*",
        "data.corrections",
        "model.weights",
        "features.weights",
    }


class Careless(Frozen):
    """Paths that somebody forgot to mark."""

    a: Path
    b: dict[str, list[Path]] | None = None
    c: tuple[int, PydanticFile] | Literal["x"] = "x"
    d: Annotated[Path, Mark(path=True)]
    e: Red | tuple[LocalPath, ...] = ()


def test_forgotten_paths_are_found() -> None:
    assert unmarked(Careless) == {"a", "b.*.*", "c.*"}
