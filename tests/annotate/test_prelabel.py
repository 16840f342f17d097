"""Predictions that are handed out to be corrected."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from raysal.annotate.ask import Options, hand_out
from raysal.annotate.asked import where_asked
from raysal.annotate.exchange.registry import FORMATS
from raysal.data.decode import decode_mask
from raysal.errors import CheckpointError
from raysal.inference.own_size import predict_own_size
from raysal.models.checkpoint import load_model
from raysal.progress import Silent
from tests.support.asked_images import asked_for, asked_image, stored, take
from tests.support.material import Material


def test_predictions_go_out_and_come_back(material: Material, tmp_path: Path) -> None:
    """Of regions, only what is inside of them: the rest would come back as the annotator's."""
    images = [asked_image("a", (50, 70)), asked_image("b", (50, 70), [(5, 6, 20, 30)])]
    dataset = material.dataset
    asked = dataclasses.replace(
        asked_for(tmp_path, images, dataset.class_names, dataset.palette), model=material.model
    )
    loaded = load_model(material.model)
    expected = {}
    for image in images:
        found = predict_own_size(loaded, image.read())
        expected[image.image_id] = np.where(where_asked(image), found.ids, np.uint8(255))
    out = hand_out(asked, FORMATS["png"], tmp_path / "png", Options(prelabel=True), Silent()).folder
    for name, raster in expected.items():
        mask = decode_mask((out / "masks" / f"{name}.png").read_bytes())
        np.testing.assert_array_equal(mask, raster)
    rows = take(asked, out)
    assert all("as predicted, nothing was corrected" in row.remark for row in rows.values())
    np.testing.assert_equal(stored(asked), expected)
    options = Options(prelabel=True, answered=True)
    tasks = hand_out(asked, FORMATS["label-studio"], tmp_path / "ls", options, Silent()).folder
    (first, _) = json.loads((tasks / "tasks.json").read_text())
    assert 0 < first["predictions"][0]["score"] < 1
    assert first["predictions"][0]["model_version"].startswith("raysal mine ")


def test_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    asked = dataclasses.replace(asked_for(tmp_path), model=tmp_path / "model")
    with pytest.raises(CheckpointError):
        hand_out(asked, FORMATS["png"], tmp_path / "out", Options(prelabel=True), Silent())
    assert not (tmp_path / "out").exists()
