"""Commands on scenes, with a model that reads them in tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from raysal.data.tiles import TileConfig
from raysal.experiment.metrics import Metrics
from tests.support.commands import Raysal
from tests.support.scenes import CLASSES, SCENE, photo, save_reader, save_tiff

LOCAL = ("--set", "engine.name=local")


def test_predict_and_evaluate_agree(raysal: Raysal, tmp_path: Path) -> None:
    """The confusion of an evaluation, from the masks that a prediction writes."""
    model = save_reader(tmp_path / "model", TileConfig(size=48, overlap=16))
    truths = {}
    for number in range(3):
        save_tiff(tmp_path / "images" / f"{number}.tif", photo(number))
        truth = np.random.default_rng(number).integers(0, 4, SCENE, dtype=np.uint8)
        truth[:30, 20:] = 255  # All that is known of a tile, and more.
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(truth).save(tmp_path / "masks" / f"{number}.png")
        truths[f"{number}.png"] = truth
    data = {
        "name": "folder", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks"),
        "classes": list(CLASSES), "size": list(SCENE),
        "lists": {"train": str(tmp_path / "train.txt"), "test": str(tmp_path / "test.txt")},
    }  # fmt: skip
    (tmp_path / "train.txt").write_text("0\n")
    (tmp_path / "test.txt").write_text("1\n2\n")
    (tmp_path / "data.yaml").write_text(yaml.safe_dump({"data": data}))

    raysal("predict", model, tmp_path / "images", "--out", tmp_path / "out", *LOCAL).done(
        "3 images predicted"
    )
    expected = np.zeros((4, 4), int)
    for name in ("1.png", "2.png"):
        truth = truths[name]
        ids = np.asarray(Image.open(tmp_path / "out" / "masks" / name))
        assert ids.shape == SCENE
        known = truth != 255
        np.add.at(expected, (truth[known], ids[known]), 1)
    for path in (tmp_path / "out" / "overlays").iterdir():
        overlay = np.asarray(Image.open(path))
        assert overlay.shape[:2] == SCENE
        assert overlay.std() > 1
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 3

    raysal(
        "evaluate", model, tmp_path / "data.yaml", "--split", "test", "--out", tmp_path / "m",
        *LOCAL,
    ).done("test split: 2 images at 96x96")  # fmt: skip
    measured = np.array(Metrics.read(tmp_path / "m").confusion)
    assert measured.sum() == expected.sum()  # Each known pixel once.
    # In a batch of tiles, the last digits of bfloat16 may be others.
    assert np.abs(measured - expected).sum() <= 0.002 * expected.sum()
