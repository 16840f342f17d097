"""`raysal predict` with unsuitable folders and models, and what it prints."""

from __future__ import annotations

import shutil
from pathlib import Path

from raysal.data.decode import decode_mask
from tests.support.commands import Raysal, Setting

LOCAL = ("--set", "engine.name=local")


def test_predicting_twice(raysal: Raysal, finished: Setting, tmp_path: Path) -> None:
    photos = Path(finished.data.images)
    (photos / "town0" / "damaged.jpg").write_bytes(b"\xff\xd8")
    model, out = finished.root / "rounds" / "000" / "model", tmp_path / "out"
    predict = ("predict", model, photos, *LOCAL, "--out", out)
    raysal(*predict).done(
        "set aside 'town0/damaged': truncated or damaged",
        "12 images predicted in",
        "ground",
        "mean confidence 0.",
        f"masks of 12 images: {out / 'masks'}",
        f"shares of classes: {out / 'predictions.parquet'}",
    )
    assert decode_mask((out / "masks" / "town0" / "000.png").read_bytes()).shape == (32, 48)
    raysal(*predict).done("nothing to predict", "masks of 12 images")
    other = finished.root / "rounds" / "001" / "model"
    raysal("predict", other, *predict[2:]).refused(
        str(out), "holds the predictions of another model", "predict into another folder"
    )
    raysal("predict", model, finished.root / "pool", *predict[3:]).refused(
        "holds the predictions for", str(photos)
    )


def test_no_model_no_images(raysal: Raysal, finished: Setting, tmp_path: Path) -> None:
    model, out = finished.root / "rounds" / "000" / "model", ("--out", tmp_path / "out")
    raysal("predict", tmp_path / "m", finished.data.images, *out).refused("no checkpoint at")
    raysal("predict", model, tmp_path / "absent", *out).refused("absent", "does not exist", "pool")
    shutil.rmtree(finished.root / "pool")
    raysal("predict", model, finished.root / "pool", *out).refused("does not exist")
    raysal("predict", model, "s3://", *out).refused("cannot open 's3://'", "names no bucket")
    raysal("predict", model, finished.data.images, "--out", finished.config).refused("is a file")
    damaged = finished.root / "rounds" / "001" / "model" / "model.pt"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    raysal("predict", damaged, finished.data.images, *out).refused("model.pt is damaged")
    assert not (tmp_path / "out").exists()
