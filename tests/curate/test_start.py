"""Selecting the first images: from a pool, a folder of images, or vectors that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from raysal.acquisition.selection.cold_start import Start
from raysal.acquisition.selection.score_parts import Scored, read_features
from raysal.curate.select import Selected
from raysal.curate.start import FEATURES, LIST, select_start
from raysal.curate.start_settings import StartSettings, start_settings
from raysal.data.decode import encode_png
from raysal.data.pool.parts import finished_parts
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.engine.jobs import PartReport
from raysal.engine.local.engine import LocalEngine
from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.start import start_picks
from raysal.models.config import ModelConfig
from tests.support.channel_folders import SIDE, make_tiles
from tests.support.commands import Raysal
from tests.support.fake_datasets import picture
from tests.support.faults import Killed
from tests.support.material import IMAGES, SIZE, Material
from tests.support.score_folders import Said, folder
from tests.support.tiny_run import tiny, write_config

SMALL = StartSettings(size=SIZE, model=ModelConfig(weights="none"))


def here() -> Engine:
    return build_engine(EngineConfig(name="local"))


def none() -> Engine:
    raise AssertionError("all features are there")


def choose(
    places: Sequence[object],
    out: Path,
    start: Start = "typical",
    amount: int = 6,
    settings: StartSettings = SMALL,
    engine: Callable[[], Engine] = here,
    watch: Said | None = None,
    **options: Any,
) -> Selected:
    return select_start(
        [str(p) for p in places], start, amount, "images", out, settings, engine, watch or Said(),
        **options,
    )  # fmt: skip


def ids(selected: Selected) -> list[str]:
    chosen = [ask.image_id for ask in read_query(selected.folder)]
    assert (selected.folder / LIST).read_text().split() == chosen
    return chosen


@pytest.fixture(scope="module")
def first(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Selected:
    """Six typical images of a pool."""
    return choose([material.pools["one shard"].uri], tmp_path_factory.mktemp("first") / "query")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve images in two folders."""
    for number in range(12):
        place = tmp_path / "photos" / "ab"[number % 2] / f"{number:02d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encode_png(picture(number)[0]))
    return tmp_path / "photos"


@pytest.mark.parametrize("start", ["typical", "coverage"])
def test_a_run_starts_with_the_same_images(
    start: Start, material: Material, tmp_path: Path
) -> None:
    """With the settings of an experiment; from a pool in other shards."""
    config = tiny(
        tmp_path / "runs", data={"train": IMAGES}, al={"initial": 6, "start": start}, seed=4
    )
    settings = start_settings(write_config(tmp_path / "mine.yaml", config), ["seed=5"])
    pool = material.pools["many shards"]
    chosen = ids(choose([pool.uri], tmp_path / "query", start, settings=settings))
    config = config.model_copy(update={"seed": 5})
    layout = RunLayout(config.folder)
    layout.initial.folder.mkdir(parents=True)
    nothing = frozenset[str]()
    picks = start_picks(
        config, layout, material.pools["one shard"], here, Said(),
        excluded=nothing, known=nothing, count=6,
    )  # fmt: skip
    assert chosen == [pick.image_id for pick in picks]
    assert len(set(chosen)) == 6


@pytest.mark.slow
def test_images_of_other_channels(raysal: Raysal, tmp_path: Path) -> None:
    """Four bands of 16 bits: by --set, and by the settings of an experiment."""
    make_tiles(tmp_path, 8)
    images, out = tmp_path / "images", tmp_path / "query"
    call = ("select", images, "--start", "coverage", "--budget", 3)
    model = ("--set", "model.weights=none", "--set", "engine.name=local")
    call += (*model, "--set", f"size=[{SIDE},{SIDE}]")
    raysal(*call, "--out", tmp_path / "no").refused("it has 4 channels, data.channels is 3")
    four = ("--set", "data.channels=4", "--set", "data.range=[0,3000]")
    raysal(*call, "--out", tmp_path / "no", *four, "--set", "data.mean=[0,0]").refused(
        "data", "mean has 2 numbers, channels is 4"
    )
    raysal(*call, "--out", out, *four).done("3 images chosen")
    chosen = (out / LIST).read_text()
    raysal(*call, "--out", out, *four).done("3 images chosen")
    raysal(*call, "--out", tmp_path / "other", "--set", "data.channels=4").done()
    bits, scaled = (
        read_features(str(place / FEATURES), sorted(finished_parts(str(place / FEATURES))))[1]
        for place in (tmp_path / "other", out)
    )
    assert not np.allclose(bits, scaled, 0.1, 0), "data.range is seen"
    settings = {
        "images": str(images), "masks": str(tmp_path / "masks"), "size": [SIDE, SIDE],
        "channels": 4, "range": [0, 3000], "classes": list("abcde"), "name": "folder",
    }  # fmt: skip
    config = tmp_path / "mine.yaml"
    config.write_text(
        yaml.safe_dump({"name": "mine", "data": settings, "acquisition": {"name": "ds"}})
    )
    named = ("select", images, "--start", "coverage", "--budget", 3, "--config", config, *model)
    raysal(*named, "--out", tmp_path / "named").done("3 images chosen")
    assert (tmp_path / "named" / LIST).read_text() == chosen


def test_a_repeated_request_computes_nothing(first: Selected, material: Material) -> None:
    before = ids(first)
    again = choose([material.pools["one shard"].uri], first.folder, engine=none)
    assert ids(again) == before
    names = {path.name for path in first.folder.iterdir()}
    assert names == {"query.parquet", "selection.json", LIST, FEATURES}


def test_features_that_are_there_are_used_again(first: Selected, tmp_path: Path) -> None:
    """What an earlier query holds counts as labelled."""
    again = choose([first.folder / FEATURES], tmp_path / "again", engine=none)
    assert ids(again) == ids(first)
    more = choose([first.folder / FEATURES], tmp_path / "more", engine=none, exclude=[first.folder])
    assert not set(ids(more)) & set(ids(first))
    listed = choose(
        [first.folder / FEATURES], tmp_path / "list", engine=none, exclude=[first.folder / LIST]
    )
    assert ids(listed) == ids(more)


def test_resumed_after_a_kill(first: Selected, material: Material, tmp_path: Path) -> None:
    computed: list[int] = []

    class Dies(LocalEngine):
        def over_pool(self, job: Any, on_part: Callable[[PartReport], None]) -> None:
            def on(report: PartReport) -> None:
                computed.append(report.images)
                if len(computed) == 3:
                    raise Killed
                on_part(report)

            super().over_pool(job, on)

    def again() -> Selected:
        pool = material.pools["many shards"].uri
        return choose([pool], tmp_path / "q", engine=lambda: Dies(EngineConfig(name="local")))

    with pytest.raises(Killed):
        again()
    assert ids(again()) == ids(first)
    assert sum(computed) == IMAGES


@pytest.mark.usefixtures("ray_session")
def test_on_ray(first: Selected, material: Material, tmp_path: Path) -> None:
    engine = EngineConfig(name="ray", score_actors=1)
    pool = material.pools["many shards"].uri
    assert ids(choose([pool], tmp_path / "q", engine=lambda: build_engine(engine))) == ids(first)


def test_a_folder_of_images(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes(b"GIF")
    heard = Said()
    chosen = ids(choose([photos], tmp_path / "q", amount=20, watch=heard))
    assert sorted(chosen) == sorted(f"{'ab'[n % 2]}/{n:02d}" for n in range(12))
    assert heard.lines[0].startswith("set aside 'broken'")
    assert heard.lines[1:] == [
        "features of a network with random weights (model.weights=none)",
        "the budget is 20 images, but only 12 are left; taking them all",
    ]


def test_the_command(raysal: Raysal, photos: Path, tmp_path: Path) -> None:
    out = raysal(
        "select", photos, "--start", "coverage", "--budget", 11, "--out", tmp_path / "q",
        "--set", "engine.name=local", "--set", "model.weights=none", "--set", "size=[32, 48]",
    ).done("and 1 more", f"11 images chosen: {tmp_path / 'q' / LIST}")  # fmt: skip
    shown = [line for line in out.splitlines() if line[:2] in ("a/", "b/")]
    assert shown == (tmp_path / "q" / LIST).read_text().split()[:10]


def vectors(where: Path, names: str, **key: Any) -> str:
    """A score folder with a vector per letter."""
    rows = [
        Scored(n, 0.0, None, f"hash of {n}", np.eye(26, dtype=np.float32)[ord(n) - 97].tolist())
        for n in names
    ]
    return folder(where, rows, **{"features": "c320", **key})


def test_several_folders(tmp_path: Path) -> None:
    places = [vectors(tmp_path / "one", "abcd"), vectors(tmp_path / "two", "cdef")]
    chosen = choose(places, tmp_path / "q", "coverage", 10, engine=none)
    assert sorted(ids(chosen)) == list("abcdef")


def test_unsuitable_places(material: Material, photos: Path, tmp_path: Path) -> None:
    plain = folder(tmp_path / "plain", [Scored("a", 0.5)])
    features = vectors(tmp_path / "features", "abc")
    other = vectors(tmp_path / "other", "abc", features="aspp")
    pool = material.pools["one shard"].uri
    (tmp_path / "empty").mkdir()
    for places, kind, words in (
        ([plain], RunError, "start reads vectors, and .*plain has none; score again"),
        ([features, other], RunError, "hold vectors of different stages"),
        ([pool, photos], RunError, "start with one pool or folder of images, or with several"),
        ([features, pool], RunError, "one shard' is a pool without scores"),
        ([tmp_path / "absent"], DataError, "does not exist; give a folder of images, or a pool"),
        ([tmp_path / "empty"], DataError, "no image in"),
        ([photos / "a" / "00.png"], DataError, "is a file; give a folder of images"),
    ):
        with pytest.raises(kind, match=words) as caught:
            choose(places, tmp_path / "q", engine=none)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "q").exists()
    with pytest.raises(DataError, match="lies in the folder of images"):
        choose([photos], photos / "q", engine=none)


def test_unsuitable_requests(first: Selected, material: Material, tmp_path: Path) -> None:
    pool, features = material.pools["one shard"].uri, first.folder / FEATURES
    with pytest.raises(RunError, match=r"holds another query \(different: start\)"):
        choose([pool], first.folder, "coverage", engine=none)
    with pytest.raises(DataError, match="nothing is left to query"):
        choose([features], tmp_path / "q", engine=none, exclude=[_all(material, tmp_path)])
    (tmp_path / "typo.txt").write_text("train-9\n")
    with pytest.raises(DataError, match="train-9"):
        choose([pool], tmp_path / "q", engine=none, exclude=[tmp_path / "typo.txt"])
    absent = StartSettings(model=ModelConfig(weights=str(tmp_path / "absent.pth")))
    with pytest.raises(ConfigError, match=r"model\.weights: no file"):
        choose([pool], tmp_path / "q", engine=none, settings=absent)
    assert not (tmp_path / "q").exists()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="holds files that raysal did not make there"):
        choose([pool], tmp_path / "theirs", engine=none)


def _all(material: Material, where: Path) -> Path:
    (where / "all.txt").write_text("".join(f"{i}\n" for i in material.pools["one shard"].ids()))
    return where / "all.txt"


def test_a_vector_that_is_no_number(tmp_path: Path) -> None:
    rows = [Scored("a", 0.0, None, "h", [1.0, 2.0]), Scored("b", 0.0, None, "h", [1.0, np.nan])]
    broken = folder(tmp_path / "broken", rows, features="c320")
    with pytest.raises(DataError, match="the features of 'b' are not finite numbers"):
        choose([broken], tmp_path / "q", engine=none)


def test_default_weights_are_those_of_imagenet() -> None:
    settings = start_settings(None, ["model.name=deeplabv3plus_resnet18", "seed=2"])
    assert (settings.model.weights, settings.size, settings.seed) == ("imagenet", (224, 224), 2)
    with pytest.raises(ConfigError, match=r"--set: unknown key 'sise'.*size"):
        start_settings(None, ["sise=1"])
