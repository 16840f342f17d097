"""Whole runs on images that are no RGB pictures, and what is said of those that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from raysal.acquisition.selection.score_parts import read_parts
from raysal.config.load import read_yaml
from raysal.data.decode import encode_png
from raysal.data.sets.folder import Folder
from raysal.engine.build import build_engine
from raysal.errors import ChannelsError, ConfigError
from raysal.experiment.config import ExperimentConfig, load_experiment
from raysal.experiment.run import run_experiment
from raysal.inference.predict import predict, to_tensor
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from raysal.training.evaluate import read_samples
from tests.support.channel_files import numbers, tiff
from tests.support.channel_folders import SIDE, make_cells, make_tiles
from tests.support.commands import Raysal
from tests.support.own_network import FACTORY, STAGES
from tests.support.tiny_run import queried

CONFIGS = Path(__file__).parents[2] / "configs"
MAKE = {"cells": make_cells, "tiles": make_tiles}


OWN = {"model.name": "python", "model.factory": FACTORY, "model.stages": list(STAGES)}


def run(config: ExperimentConfig) -> None:
    run_experiment(config, lambda: build_engine(config.engine), Silent())


def small(name: str, root: Path, **changes: object) -> ExperimentConfig:
    """A shipped configuration on a small sample, two rounds."""
    MAKE[name](root / "data", 16)
    overrides = {
        "data.images": root / "data/images", "data.masks": root / "data/masks",
        "data.size": [SIDE, SIDE], "data.shares": [0.15, 0.25], "output": root / "runs",
        "engine.name": "local", "model.weights": "none", "train.epochs": 2, "train.batch_size": 2,
        "al.initial": 4, "al.budget": 2, "al.rounds": 2, "al.candidate_ratio": 1, **changes,
    }  # fmt: skip
    return load_experiment(CONFIGS / f"{name}.yaml", [f"{k}={v}" for k, v in overrides.items()])


@pytest.mark.parametrize("name", [pytest.param("cells", marks=pytest.mark.slow), "tiles"])
def test_two_rounds_and_everything_after_them(name: str, tmp_path: Path, raysal: Raysal) -> None:
    config = small(name, tmp_path, **{"cells": {}, "tiles": OWN}[name])
    run(config)
    root = config.folder
    assert len(queried(root, 2)[1]) == 2
    model = root / "rounds/001/model"
    loaded = load_model(model)
    assert loaded.pixels == config.data.pixels
    assert loaded.pixels.channels == {"cells": 1, "tiles": 4}[name]
    images, out = tmp_path / "data/images", tmp_path / "masks"
    # Nothing is said of channels: the model knows how its images are read.
    raysal("predict", model, images, "--out", out, "--set", "engine.name=local").done()
    raysal("evaluate", model, "--out", tmp_path / "measured").done()
    raysal("pool", "build", images, tmp_path / "pool").done("16 images")
    sheet = tmp_path / "sheet.png"
    raysal("pool", "show", tmp_path / "pool", "--sheet", sheet, "--channels", "0").done()
    with Image.open(sheet) as shown:
        assert np.asarray(shown)[:100, :100].std() > 30  # As stored, it would be nearly black.
    raysal("report", root, "--out", tmp_path / "report").done()
    assert len(list(out.glob("masks/*.png"))) == 16
    assert len(list(out.glob("overlays/*.jpg"))) == 16


def test_a_network_sees_all_bits_of_all_channels(tmp_path: Path) -> None:
    config = small("tiles", tmp_path)
    item = config.data.items("train")[0]
    image, label = next(read_samples(config.data, [item], []))
    assert image.dtype == np.float32
    assert image.shape == (SIDE, SIDE, 4)
    assert label.shape == (SIDE, SIDE)
    assert len(np.unique(image)) > 256
    assert 0 < image.min() < image.max() < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"acquisition": "{name: vaal, adversary: {side: 16, width: 4, latent: 8, steps: 2}}"},
        {"acquisition": "{name: coreset}", "al.start": "coverage"},
        {"acquisition": "{name: coreset}", "al.start": "coverage",
         "features": "{encoder: test_resnet, weights: none}"},
        {"acquisition": "{name: panoptic}", "rga": "{w: 8}", "cle": "{calibration_images: 2}",
         "model.channel_dropout": 0.25},
        {"model.name": "deeplabv3plus_resnet18", "acquisition": "{name: entropy}"},
        {"data.channels": 3, "data.range": 65535, "data.mean": "null", "data.std": "null",
         "data.show": "[]"},
    ],
    ids=["vaal", "coreset", "encoder", "cpral", "resnet", "rgb"],
)  # fmt: skip
def test_strategies_and_networks(changes: dict, tmp_path: Path) -> None:
    if changes.get("data.channels") == 3:
        config = small("cells", tmp_path, **changes)  # A grey image serves as three channels.
    else:
        config = small("tiles", tmp_path, **changes)
    run(config)
    assert (config.folder / "rounds/001/record").exists()


SMP = {
    "model.name": "smp", "model.arch": "fpn", "model.encoder": "tu-mobilenetv3_small_050"
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("network", [SMP, OWN], ids=["smp", "python"])
def test_networks_of_others_see_all_channels(
    network: dict[str, object], tmp_path: Path, raysal: Raysal
) -> None:
    """Four bands of 16 bits: votes, regions, extended labels, and scoring without a loop."""
    config = small(
        "tiles", tmp_path,
        **{**network, "model.channel_dropout": 0.25},
        **{"acquisition": "{name: panoptic}", "rga": "{w: 8, subset: 4, passes: 2}",
           "cle": "{features: lowlevel, calibration_images: 2}", "train.epochs": 1},
    )  # fmt: skip
    run(config)
    model = config.folder / "rounds/000/model"
    loaded = load_model(model)
    assert loaded.model.in_channels == 4
    assert loaded.pixels == config.data.pixels
    image, _ = next(read_samples(config.data, config.data.items("train")[:1], []))
    seen = to_tensor([image])
    with torch.inference_mode():
        both = [
            predict(loaded.model, some, "fp32").probabilities_BCHW
            for some in (seen, seen * torch.tensor([1.0, 1, 1, 0])[:, None, None])
        ]
    assert not torch.equal(*both), "the fourth channel is seen"
    out = tmp_path / "scores"
    local = ("--set", "engine.name=local")
    images = tmp_path / "data/images"
    raysal("pool", "build", images, tmp_path / "pool").done()
    raysal(
        "score", model, tmp_path / "pool", "--acquisition", "entropy", "--out", out, *local
    ).done()
    scores = {row.image_id: row.score for row in read_parts(str(out))}
    assert len(set(scores.values()) - {None}) == 16


def folder(root: Path, **settings: object) -> Folder:
    return Folder(
        images=str(root / "images"), masks=str(root / "masks"), classes=("a", "b", "c"),
        size=(SIDE, SIDE), **settings,
    )  # fmt: skip


def test_other_channels_are_said_before_anything_is_done(tmp_path: Path) -> None:
    make_tiles(tmp_path, 3)
    with pytest.raises(ChannelsError) as error:
        folder(tmp_path).check()
    where = tmp_path / "images/001.tif"  # The others are in the test split.
    assert str(error.value) == f"folder: image {where}: it has 4 channels, data.channels is 3"
    folder(tmp_path, channels=4).check()


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_image_with_other_channels_stops_the_run(split: str, tmp_path: Path) -> None:
    config = small("tiles", tmp_path)
    item = config.data.items(split)[-1]
    Path(item.image).write_bytes(tiff(numbers(SIDE, SIDE, 5)))
    with pytest.raises(ChannelsError, match=rf"{item.image_id}.*5 channels, data.channels is 4"):
        run(config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 4, "mean": [0.5, 0.5]}, "mean has 2 numbers, channels is 4"),
        ({"channels": 0}, "data.channels"),
        ({"channels": 17}, "data.channels"),
        ({"std": [0.1, 0, 0.1]}, "std must be above 0"),
        ({"range": [9, 9]}, "range must be"),
        ({"range": -5}, "range must be"),
        ({"channels": 2, "show": [0, 2, 1]}, "show must be one or three of the channels 0 to 1"),
        ({"channels": 4, "show": [0, 2]}, "show must be one or three"),
        ({"classes": [f"c{i}" for i in range(256)]}, "at most 255"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(
    settings: dict, message: str, tmp_path: Path
) -> None:
    data = {**read_yaml(CONFIGS / "tiles.yaml")["data"]}
    for key in ("channels", "mean", "std", "range", "show"):
        data.pop(key)
    lines = [f"{key}: {value}" for key, value in {**data, **settings}.items()]
    file = tmp_path / "a.yaml"
    file.write_text("name: a\nacquisition: {name: ds}\ndata:\n  " + "\n  ".join(lines) + "\n")
    with pytest.raises(ConfigError, match=message) as error:
        load_experiment(file)
    assert "\n" not in str(error.value)


def test_defaults_are_what_earlier_versions_did(tmp_path: Path) -> None:
    """The settings do not enter the fingerprint, nor does what people are shown."""
    config = small("cells", tmp_path, **{"data.channels": 3, "data.range": "null"})
    assert not {"data.channels", "data.mean", "data.range", "data.show"} & config.essence().keys()
    other = small("cells", tmp_path, **{"data.range": "[0, 9]", "data.show": "[0]"})
    assert {"data.channels": 1, "data.range": [0.0, 9.0]}.items() <= _flat(other).items()
    assert "data.show" not in _flat(other)


def _flat(config: ExperimentConfig) -> dict[str, object]:
    found = config.essence()
    if "data.range.0" in found:
        found["data.range"] = [found["data.range.0"], found["data.range.1"]]
    return found


def test_a_grown_pool_has_the_same_channels(tmp_path: Path) -> None:
    from raysal.data.pool.extend import extended_pool
    from raysal.data.pool.sources import Source
    from raysal.data.pool.writer import write_pool

    def source(name: str, channels: int) -> Source:
        return Source(name, lambda: tiff(numbers(8, 8, channels)))

    pixels = folder(tmp_path, channels=4).pixels
    pool = write_pool([source("a", 4)], str(tmp_path / "pool"), pixels=pixels)
    extend: Callable[[int], object] = lambda channels: extended_pool(  # noqa: E731
        pool, [source("b", channels)], tmp_path / f"new{channels}", max_megapixels=9, pixels=pixels
    )
    for channels in (4, 2):
        (tmp_path / f"new{channels}").mkdir()
    assert extend(4) == ()
    with pytest.raises(ChannelsError, match=r"image 'b': it has 2 channels, data.channels is 4"):
        extend(2)


def test_a_pool_without_settings_takes_any_channels(tmp_path: Path) -> None:
    from raysal.data.pool.sources import folder_sources
    from raysal.data.pool.writer import write_pool

    (tmp_path / "images").mkdir()
    for channels in (1, 3, 6):
        (tmp_path / f"images/{channels}.tif").write_bytes(tiff(numbers(9, 8, channels)))
    (tmp_path / "images/float.tif").write_bytes(tiff(np.zeros((9, 8, 2), np.float32)))
    (tmp_path / "images/rgb.png").write_bytes(encode_png(numbers(9, 8, 3, np.uint8)))
    pool = write_pool(folder_sources(str(tmp_path / "images")), str(tmp_path / "pool"))
    assert pool.images == 4
    ((image_id, reason),) = pool.bad
    assert image_id == "float"
    assert "floating-point" in reason
