"""Configuration: what is refused, in which words, and how overrides are laid on top."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from raysal.acquisition.registry import STRATEGIES
from raysal.acquisition.strategies.uncertainty import Entropy
from raysal.config.load import apply_overrides, merge, parse_override
from raysal.data.sets.registry import DATASETS
from raysal.errors import ConfigError
from raysal.experiment.config import ExperimentConfig, load_experiment
from raysal.experiment.presets import PRESETS
from tests.support.paths import ROOT

BASE: dict[str, Any] = {
    "name": "test",
    "data": {"name": "streets"},
    "acquisition": {"name": "de", "levels": 4},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(BASE))
    return path


@pytest.mark.parametrize(("override", "message"), [
    ("trian.epochs=3", "unknown key 'trian'; did you mean 'train'?"),
    ("train.epohcs=3", "unknown key 'train.epohcs'; did you mean 'epochs'?"),
    ("loss.dif.scop=batch", "unknown key 'loss.dif.scop'; did you mean 'scope'?"),
    ("data.sise=[1, 2]", "unknown key 'data.sise'; did you mean 'size'?"),
    ("acquisition.level=3", "unknown key 'acquisition.level'; did you mean 'levels'?"),
    ("model.difficulty.xyz=1", "unknown key 'model.difficulty.xyz'; known: branch, grid,"),
    ("acquisition.name=dss", "acquisition.name: unknown 'dss'; did you mean 'ds'?"),
    ("data.name=street", "data.name: unknown 'street'; did you mean 'streets'?"),
    ("data.name=zzz", "data.name: unknown 'zzz'; known: "),
    ("preset=deal-cod", "unknown preset 'deal-cod'; did you mean 'deal-code'?"),
    ("engine.name=dask", "engine.name: unknown 'dask'; known: local, ray"),
    ("acquisition.bins=units", "acquisition.bins: unknown 'units'; did you mean 'unit'?"),
    ("acquisition.levels=0", "acquisition.levels: Input should be greater than 0 (got 0)"),
    ("acquisition.levels=2.5", "acquisition.levels: Input should be a valid integer"),
    ("train.epochs=many", "train.epochs: Input should be a valid integer"),
    ("train=3", "train: Input should be a valid dictionary"),
    ("data=streets", "data: Input should be a valid dictionary"),
    ("engine.threads=few", "engine.threads: Input should be 'auto' or a valid integer"),
    ("engine.threads=-1", "engine.threads: Input should be 'auto' or greater than 0 (got -1)"),
    ("model.difficulty.grid=large", "model.difficulty.grid: Input should be 'auto' or a valid t"),
    ("model.output_stride=4", "model.output_stride: unknown '4'; known: 16, 8, auto"),
    ("al.candidate_ratio=0", "al.candidate_ratio: Input should be greater than 0"),
    ("optim.lr=.nan", "optim.lr: Input should be a finite number"),
    ("optim.lr=-1", "optim.lr: Input should be greater than 0"),
    ("train.batch_size=1", "train.batch_size (1) must be"),
    ("train.workers=3", "train.batch_size (4) must be a multiple of train.workers (3)"),
    ("augment.scale=[2, 1]", "augment.scale must be [smallest, largest]"),
    ("model.decoder_dropout=[1, 0]", "model.decoder_dropout must lie in [0, 1)"),
    ("rga.w=0", "rga.w: Input should be greater than 0 (got 0)"),
    ("rga.sigma=0", "rga.sigma: Input should be greater than 0 (got 0)"),
    ("rga.sigma=-2", "rga.sigma: Input should be greater than 0 (got -2)"),
    ("rga.passes=1", "rga.passes must be at least 2 with hard votes: a single vote has no entropy"),
    ("rga.passes=0", "rga.passes: Input should be greater than 0 (got 0)"),
    ("rga.subset=0", "rga.subset: Input should be 'all' or greater than 0 (got 0)"),
    ("rga.kernel=gauss", "rga.kernel: unknown 'gauss'; known: box, pixel, window_cdf, window_cdf"),
    ("rga={map: random, subset: 19}", "rga.subset is 19 images, but al.budget needs at least 20; "
     "raise rga.subset or lower al.budget"),
    ("model.difficulty.branch=none", "acquisition.name=de reads difficulty, which "
     "model.difficulty.branch=none turns off; remove model.difficulty.branch"),
    ("rga={}", "rga.map=votes needs model.channel_dropout (0.25 in CPRAL): without dropout, "
     "all passes agree"),
    ("cle={}", "cle needs rga: in a whole image there is no"),
    ("al.budget_unit=regions", "al.budget_unit=regions needs rga"),
    ("al.budget_unit=click", "al.budget_unit: unknown 'click'; did you mean 'clicks'?"),
    ("noise.rate=1.5", "noise.rate: Input should be less than or equal to 1 (got 1.5)"),
    ("noise.rate=-0.1", "noise.rate: Input should be greater than or equal to 0 (got -0.1)"),
    ("noise={}", "noise.rate is missing"),
    ("model.channel_dropout=1", "model.channel_dropout: Input should be less than 1 (got 1)"),
    ("model.rating_stages=seven", "model.rating_stages: Input should be 'auto', 'none', 'four'"),
    ("model.rating_stages=[]", "model.rating_stages: Input should be 'auto', 'none', 'four'"),
    ("loss.rating.tie=minu", "loss.rating.tie: unknown 'minu'; did you mean 'minus'?"),
    ("optim.schedule=cosine", "optim.schedule: unknown 'cosine'; known: poly, step"),
    ("optim.step_at=0", "optim.step_at: Input should be greater than 0 (got 0)"),
    ("augment.blur=2", "augment.blur: Input should be less than or equal to 1 (got 2)"),
    ("name=../x", "name: String should match pattern"),
    ("seed=-1", "seed: Input should be greater than or equal to 0"),
    ("epochs", "override 'epochs': write it as key.subkey=value"),
    ("train..epochs=1", "override 'train..epochs=1': write it as key.subkey=value"),
    ("=1", "override '=1': write it as key.subkey=value"),
    ("train.epochs=[", "override 'train.epochs=[': the value is not YAML"),
    ("train.epochs=6:30", "train.epochs: Input should be a valid integer, unable to parse"),
    ("optim.lr=1:30.5", "optim.lr: Input should be a valid number, unable to parse string"),
    ("train.epochs=true", "train.epochs: Input should be a number, not true or false (got True)"),
    ("optim.lr=true", "optim.lr: Input should be a number, not true or false (got True)"),
    ("engine.threads=yes", "engine.threads: Input should be a number, not true or false"),
    ("data.size=[true, 48]", "data.size: Input should be a number, not true or false"),
    ("augment.scale=[0.5, on]", "augment.scale: Input should be a number, not true or false"),
    ("augment.scale=[1, 1000]", "augment.scale.1: Input should be less than or equal to 10"),
    ("augment.scale=[1e-9, 1]", "augment.scale.0: Input should be greater than or equal to 0.05"),
    ("data.size=[1000000, 1000000]", "data.size: a side has at most 16384 pixels"),
    ("data.size=[16384, 16384]", "and an image at most 67108864"),
    ("data.tile={size: 5000}", "tile.size is 5000x5000, larger than data.size "),
    ("data.tile={size: [32, 48], overlap: 32}", "tile.overlap is 32, a tile 32x48; lower tile"),
    ("data.tile={overlap: 8}", "data.tile.size is missing"),
    ("data.tile=512", "data.tile: Input should be a valid dictionary"),
    ("data.train=10000001", "data.train: Input should be less than or equal to 10000000"),
    ("engine.threads=10000", "engine.threads: Input should be 'auto' or less than or equal to 102"),
    ("engine.score_actors=10001", "Input should be 'auto' or less than or equal to 10000"),
    ("engine.no_progress_timeout_s=1e10", "Input should be less than or equal to 31536000"),
    ("train.loader_workers=257", "Input should be 'auto' or less than or equal to 256"),
    ("train.epochs=1000001", "train.epochs: Input should be less than or equal to 1000000"),
    ("train.batch_size=100000", "train.batch_size: Input should be less than or equal to 65536"),
    ("al.rounds=10001", "al.rounds: Input should be less than or equal to 10000"),
    ("al.budget=9223372036854775808", "al.budget: Input should be a number of 64 bits"),
    ("seed=18446744073709551616", "seed: Input should be a number of 64 bits"),
    ("model.difficulty.grid=[200, 100]", "model.difficulty.grid: a grid has at most 16384 cells"),
    ("rga.passes=100000", "rga.passes: Input should be less than or equal to 10000"),
    ("acquisition.name=[de]", "acquisition.name: unknown '['de']'; known: "),
    ("preset={a: 1}", "unknown preset '{'a': 1}'"),
    ("1=2", "unknown key '1'; known: "),
    ("output=" + "x" * 256, "output: a name in a path has at most 255 bytes"),
    ('output="a\\0b"', "output: a path cannot contain a NUL character"),
    ("name=" + "x" * 201, "name: String should have at most 200 characters"),
    (".".join("a" * 60) + "=1", "...': write it as key.subkey=value"),
    ("train.epochs=" + "9" * 90, "the value is not YAML: a number of 90 digits, more than 64"),
    ("train.epochs=" + "[" * 90, "the value is not YAML: values are nested more than 50 deep"),
])  # fmt: skip
def test_one_line_that_names_the_key(override: str, message: str, file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(file, [override])
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    assert "'data':" not in text, "the whole configuration is no help"
    # Types and tags of pydantic's unions are no business of a user.
    assert not any(word in text for word in ("literal[", "constrained", "tuple[", "pydantic"))
    assert len(text) < 700
    if not text.startswith("override "):
        assert str(file) in text


@pytest.mark.parametrize(
    "overrides",
    [
        ["rga={map: random, subset: 20}"],
        ["rga={subset: 3}", "al.budget=3", "model.channel_dropout=0.25", "cle={}"],
        ["rga={map: random, subset: 3}", "al.budget_unit=clicks"],
        ["rga={map: random, passes: 1, vote: soft}"],
        ["al.budget_unit=clicks"],
        ["noise.rate=0"],
        ["noise.rate=1"],
        ["model.rating_stages=[c24, c64]"],
    ],
)
def test_what_fits_together(overrides: list[str], file: Path) -> None:
    load_experiment(file, overrides)


def test_cpral_by_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**BASE, "acquisition": {"name": "panoptic"}}))
    c = load_experiment(path, ["preset=cpral"])
    assert c.strategy_label == "CPRAL"
    assert (c.resolved_model.rating_stages, c.model.channel_dropout) == ("six", 0.25)
    assert (c.optim.schedule, c.augment.blur, c.rga.passes) == ("step", 0.5, 20)
    other = load_experiment(path, ["preset=cpral", "acquisition.name=loss_prediction"])
    assert other.resolved_model.rating_stages == "four"
    # Switches of the ablations.
    plain = load_experiment(path, ["preset=cpral", "rga=null", "cle=null"])
    assert (plain.rga, plain.cle, plain.strategy_label) == (None, None, "Panoptic")


def test_several_mistakes_are_counted(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(and 1 more\)$"):
        load_experiment(file, ["train.epohcs=1", "al.budgte=2"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no configuration file"),
        ("", "must contain a mapping of settings"),
        ("- a\n- b\n", "must contain a mapping of settings"),
        ("a: [1,\nb: 2\n", "is not valid YAML: "),
        ("name: x\n", "data is missing (and 1 more)"),
        ("name: x\ndata: {name: streets}\nacquisition: {}\n", "acquisition.name is missing"),
    ],
)
def test_unusable_files(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_or_binary_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    for path in (tmp_path, tmp_path / "binary.yaml"):
        with pytest.raises(ConfigError, match="cannot read") as caught:
            load_experiment(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", {"a": 1}),
        ("a.b.c=[1, 2]", {"a": {"b": {"c": [1, 2]}}}),
        ("a=x=y", {"a": "x=y"}),
        ("a=", {"a": None}),
        ("a='1'", {"a": "1"}),
        (" a.b =true", {"a": {"b": True}}),
        ("a={b: 1}", {"a": {"b": 1}}),
    ],
)
def test_forms_of_an_override(text: str, value: dict[str, Any]) -> None:
    assert parse_override(text) == value


def test_later_overrides_win_and_leave_the_rest(file: Path) -> None:
    c = load_experiment(file, ["train.epochs=3", "train.epochs=5", "data.size=[48, 64]"])
    assert (c.train.epochs, c.data.size, c.acquisition.levels) == (5, (48, 64), 4)
    assert apply_overrides({"a": {"b": 1, "c": 2}}, ["a.b=3"]) == {"a": {"b": 3, "c": 2}}


def test_switching_drops_the_settings_of_the_other(file: Path) -> None:
    c = load_experiment(file, ["acquisition.name=entropy"])
    assert c.acquisition == Entropy()
    c = load_experiment(file, ["acquisition.name=de"])
    assert c.acquisition.levels == 4
    folder = {"name": "folder", "images": "i", "masks": "m", "classes": ["a", "b"]}
    switched = merge({"data": {**folder, "size": [1, 2]}}, {"data": {"name": "streets"}})
    assert switched == {"data": {"name": "streets"}}


@pytest.mark.parametrize("kind", STRATEGIES, ids=lambda kind: kind.__name__)
def test_a_strategy_by_its_name_alone(kind: type, file: Path) -> None:
    name = kind.model_fields["name"].default
    overrides = [f"acquisition.name={name}"]
    if kind().needs.votes:
        with pytest.raises(ConfigError, match=rf"{name} needs model.channel_dropout \(0\.25"):
            load_experiment(file, overrides)
        own = load_experiment(file, [*overrides, "acquisition.dropout=network"])
        assert own.model.channel_dropout == 0
        overrides.append("model.channel_dropout=0.25")
    assert isinstance(load_experiment(file, overrides).acquisition, kind)


def test_noise_is_added_to_any_score_that_has_a_logarithm(file: Path) -> None:
    power = "acquisition.stochastic.kind=power"
    assert load_experiment(file, [power]).strategy_label == "Power DE"
    balanced = ["acquisition.name=ds", power, "acquisition.balance=1"]
    assert load_experiment(file, balanced).strategy_label == "Power DS (balanced)"
    with pytest.raises(ConfigError, match=r"panoptic's may be negative; set .*kind=softmax"):
        load_experiment(file, ["acquisition.name=panoptic", power])
    soft = load_experiment(
        file, ["acquisition.name=panoptic", "acquisition.stochastic.kind=softmax"]
    )
    assert soft.strategy_label == "Softmax Panoptic"


@pytest.mark.parametrize("kind", DATASETS, ids=lambda kind: kind.__name__)
def test_an_unknown_key_inside_every_data_set(kind: type, file: Path) -> None:
    name = kind.model_fields["name"].default
    with pytest.raises(ConfigError, match=r"unknown key 'data.siez'; did you mean 'size'|missing"):
        load_experiment(file, [f"data.name={name}", "data.siez=1"])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", STRATEGIES, ids=lambda kind: kind.__name__)
def test_every_preset_suits_every_strategy(preset: str, kind: type, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    acquisition = {"name": kind.model_fields["name"].default}
    model = {"channel_dropout": 0.25} if kind().needs.votes else {}
    values = {**BASE, "preset": preset, "acquisition": acquisition}
    path.write_text(yaml.safe_dump(merge(values, {"model": model})))
    assert isinstance(load_experiment(path).acquisition, kind)


def test_presets_fill_the_settings_of_the_strategy(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**BASE, "acquisition": {"name": "de"}}))
    code = load_experiment(path, ["preset=deal-code"])
    assert (code.acquisition.bins, code.acquisition.levels) == ("image_range", 8)
    assert code.loss.dif.dump() == {"loss": "code_wce", "scope": "batch", "ignore": "right"}
    assert (code.optim.nesterov, code.augment.crop) == (True, "square")
    assert code.model.difficulty.neg_gamma == "bypass"
    ds = load_experiment(path, ["preset=deal-code", "acquisition.name=ds"])
    assert ds.acquisition.uncertainty == "none"
    assert ds.al.candidate_ratio == 0.5
    qbc = load_experiment(path, ["preset=deal-code", "acquisition.name=mc_dropout"])
    assert (qbc.acquisition.count, qbc.acquisition.measure) == (10, "vote_entropy")
    assert (qbc.acquisition.dropout, qbc.model.channel_dropout) == ("network", 0)
    of_paper = load_experiment(path, ["preset=deal-paper", "acquisition.name=mc_dropout"])
    assert (of_paper.acquisition.dropout, of_paper.model.channel_dropout) == ("network", 0)
    assert qbc.al.candidate_ratio == 0.4
    over = load_experiment(path, ["preset=deal-code", "acquisition.bins=unit", "al.budget=7"])
    assert (over.acquisition.bins, over.acquisition.levels, over.al.budget) == ("unit", 8, 7)
    assert over.al.initial == 40


def test_a_preset_does_not_choose_the_strategy(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: x\npreset: deal-code\ndata: {name: streets}\n")
    with pytest.raises(ConfigError, match=r"acquisition.name is missing$"):
        load_experiment(path)


def test_the_paper_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**BASE, "acquisition": {"name": "de"}}))
    paper = load_experiment(path, ["preset=deal-paper"])
    assert paper.fingerprint() == load_experiment(path).fingerprint()


def test_frozen() -> None:
    config = ExperimentConfig.model_validate(BASE)
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3
    with pytest.raises(ValidationError, match="frozen"):
        config.train.epochs = 3


def test_the_fingerprint_is_of_what_is_computed(file: Path) -> None:
    plain = load_experiment(file).fingerprint()
    same = ["name=other", "output=x", "engine.name=local", "data.max_bad_share=0.5"]
    assert load_experiment(file, same).fingerprint() == plain
    for change in ("seed=1", "train.epochs=7", "acquisition.levels=5", "data.size=[60, 80]"):
        assert load_experiment(file, [change]).fingerprint() != plain


def test_dump_and_load_are_inverse(file: Path) -> None:
    config = load_experiment(file, ["data.size=[48, 64]", "augment.scale=[0.5, 2]"])
    assert ExperimentConfig.model_validate(yaml.safe_load(yaml.safe_dump(config.dump()))) == config


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda path: path.name
)
def test_shipped_configurations_load(path: Path) -> None:
    if "sweep" in yaml.safe_load(path.read_text()):
        pytest.skip("a sweep, not one experiment")
    load_experiment(path)
    opening = list(itertools.takewhile(lambda x: x.startswith("#"), path.read_text().splitlines()))
    assert any(f"raysal run configs/{path.name}" in line for line in opening)


FOLDER: dict[str, Any] = {
    "name": "folder", "images": "i", "masks": "m", "classes": ["a", "b", "c"], "size": [32, 32],
}  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": ["a", "b", "a"]}, "data.classes: the class name 'a' is given twice"),
        ({"classes": ["a", "b\x1b[1m", "c"]}, "data.classes: the class name 'b\\x1b[1m' has con"),
        ({"classes": ["a", "", "c"]}, "data.classes: a class name is empty"),
        ({"classes": ["a", " \t", "c"]}, "data.classes: a class name is empty"),
        ({"classes": ["a", True]}, "data.classes.1: Input should be a valid string"),
        ({"classes": ["a"]}, "data.classes: Tuple should have at least 2 items"),
        ({"colours": [[0, 0, 0], [1, 1, 1]]}, "data.colours: 2 colours for 3 classes; add the"),
        ({"colours": []}, "data.colours: 0 colours for 3 classes"),
        ({"colours": [[0, 0, 256]] * 3}, "data.colours.0.2: Input should be less than or equal"),
        ({"colours": [[0, 0, -1]] * 3}, "data.colours.0.2: Input should be greater than or equal"),
        ({"images": "x" * 256}, "data.images: a name in a path has at most 255 bytes"),
        ({"images": "天" * 86}, "data.images: a name in a path has at most 255 bytes"),
        ({"masks": "a\0b"}, "data.masks: a path cannot contain a NUL character"),
        ({"lists": {"train": "x" * 300}}, "data.lists.train: a name in a path has at most 255"),
    ],
)
def test_classes_colours_and_paths(settings: dict[str, Any], message: str, file: Path) -> None:
    file.write_text(yaml.safe_dump({**BASE, "data": {**FOLDER, **settings}}))
    with pytest.raises(ConfigError) as caught:
        load_experiment(file)
    assert message in str(caught.value)


def test_as_many_colours_as_classes(file: Path) -> None:
    colours = [[0, 0, 0], [255, 255, 255], [1, 2, 3]]
    file.write_text(yaml.safe_dump({**BASE, "data": {**FOLDER, "colours": colours}}))
    assert load_experiment(file).data.palette == ((0, 0, 0), (255, 255, 255), (1, 2, 3))
