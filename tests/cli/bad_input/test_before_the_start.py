"""Mistakes in settings or data are reported before any long work starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.data.decode import encode_png
from tests.support.commands import Raysal, Setting
from tests.support.fake_datasets import SIZE
from tests.support.shallow_network import MOBILENET


@pytest.mark.parametrize(("override", "words"), [
    ("train.epoch=3", ["unknown key 'train.epoch'", "did you mean 'epochs'?"]),
    ("acquisition.name=entropie", ["acquisition.name", "did you mean 'entropy'?"]),
    ("acquisition={name: de, levels: 0}", ["acquisition.levels", "greater than 0 (got 0)"]),
    ("acquisition={name: coreset, feature: asp}", ["acquisition.feature", "mean 'aspp'?"]),
    ("acquisition={name: coreset, stochastic: {}}", ["acquisition", "coreset", "stochastic out"]),
    ("data.name=kitti", ["data.name: unknown 'kitti'", "streets"]),
    ("data.images=nowhere", ["data.images: no folder", "nowhere"]),
    ("data.masks=nowhere", ["data.masks: no folder", "nowhere"]),
    ("data.lists.train=nowhere.txt", ["data.lists: no file", "nowhere.txt"]),
    ("data={name: camvid, root: nowhere}", ["data.root: no folder", "github.com"]),
    ("model.weights=nowhere.pth", ["model.weights: no file", "nowhere.pth", "imagenet"]),
    ("train.batch_size=1", ["train.batch_size", "batch norm needs"]),
    ("acquisition={name: vaal, adversary: {side: 50}}",
     ["acquisition.adversary.side: must be a multiple of 16", "(got 50)"]),
    ("acquisition={name: vaal, adversary: {batch_size: 1}}", ["adversary.batch_size", "(got 1)"]),
    ("acquisition={name: vaal, adversary: {d_rank: raw}}", ["unknown key", "'acquisition.adv"]),
    ("epochs", ["override 'epochs'", "key.subkey=value"]),
])  # fmt: skip
def test_settings(override: str, words: list[str], raysal: Raysal, setting: Setting) -> None:
    raysal("run", setting.config, "--set", override).refused(*words)
    assert not (setting.root / "rounds" / "000" / "model").exists()


def test_no_configuration(raysal: Raysal, tmp_path: Path) -> None:
    raysal("run", tmp_path / "absent.yaml").refused("no configuration file", "absent.yaml")


def test_debug_shows_the_traceback(raysal: Raysal, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no configuration file"):
        raysal("run", tmp_path / "absent.yaml", "--debug")


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (None, ["has no mask"]),
        (np.zeros((SIZE[0], SIZE[1] + 1), np.uint8), ["32x49", "32x48", "must match"]),
        (np.full(SIZE, 3, np.uint8), ["class id 3 is outside 0..2"]),
        (np.zeros((*SIZE, 3), np.uint8), ["one channel of class ids"]),
    ],
    ids=["absent", "size", "id", "colours"],
)
def test_masks(
    split: str, mask: np.ndarray | None, words: list[str], raysal: Raysal, setting: Setting
) -> None:
    item = setting.data.items(split)[1]
    path = Path(item.label)
    good = path.read_bytes()
    path.unlink()
    if mask is not None:
        path.write_bytes(encode_png(mask))
    raysal("run", setting.config).refused(item.label, *words)
    assert not (setting.root / "pool").exists()
    path.write_bytes(good)
    setting.data.check()


def test_weights_of_another_network(raysal: Raysal, setting: Setting, tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "resnet.pth")
    for name, words in {
        "resnet.pth": ["is not a torchvision MobileNetV2 state dict"],
        "experiment.yaml": ["is damaged or not a checkpoint"],
    }.items():
        model = ("--set", f"model.name={MOBILENET['name']}")
        model += ("--set", f"model.weights={tmp_path / name}")
        raysal("run", setting.config, *model, "--set", f"name={name}").refused(name, *words)


def test_a_folder_without_images_for_training(
    raysal: Raysal, setting: Setting, tmp_path: Path
) -> None:
    (tmp_path / "data" / "train.txt").write_text("")
    raysal("run", setting.config).refused("data.images", "for training")


def test_a_run_folder_that_cannot_be_made(raysal: Raysal, setting: Setting) -> None:
    setting.root.parent.write_text("a file is in the way")
    raysal("run", setting.config).refused(str(setting.root))


def test_usage_errors_end_with_2_as_well(raysal: Raysal) -> None:
    assert raysal("run", "x.yaml", "--nonsense").status == 2
    assert raysal("nonsense").status == 2
