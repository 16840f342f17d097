"""Exporting trained models, and using what was exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysal.curate import export
from raysal.curate.export import export_model
from raysal.curate.wrap import wrap_model
from raysal.errors import CheckpointError, ConfigError
from raysal.inference.predict import predict_logits
from raysal.models.checkpoint import load_model
from tests.support.commands import Raysal
from tests.support.exported_network import save_python, small
from tests.support.material import SIZE, Material


@pytest.fixture
def model(material: Material, tmp_path: Path) -> Path:
    """A small network, which is exported in seconds."""
    return save_python(tmp_path / "model", material, small())


def check_same(model: Path, wrapped: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 3, *SIZE), np.uint8)
    one, other = (
        predict_logits(load_model(folder).model, torch.from_numpy(images), "fp32")
        for folder in (model, wrapped)
    )
    assert one.std() > 0
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_pt2_and_back(model: Path, raysal: Raysal, tmp_path: Path) -> None:
    file, wrapped = tmp_path / "out" / "x.pt2", tmp_path / "wrapped"
    raysal("model", "export", model, "--out", file).done(
        "float32 (batch, 3, 48, 64)", "logits (batch, 11, 48, 64)", "largest difference", "0.229"
    )
    extra = {"raysal.json": ""}
    program = torch.export.load(file, extra_files=extra)
    note = json.loads(extra["raysal.json"])
    assert (note["size"], len(note["classes"])) == ([48, 64], 11)
    assert program.module()(torch.zeros(5, 3, *SIZE)).shape == (5, 11, *SIZE)

    raysal("model", "wrap", file, "--out", wrapped).done("images of 48x64", "1 or more")
    check_same(model, wrapped)
    assert load_model(wrapped).palette == load_model(model).palette
    raysal("model", "export", wrapped, "--out", file).refused("is an exported model already")


@pytest.mark.slow
def test_onnx_and_back(
    model: Path, raysal: Raysal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file, wrapped = tmp_path / "x.onnx", tmp_path / "wrapped"
    made = export_model(model, "onnx", file)
    assert 0 <= made.difference < 1e-4
    wrap_model(file, wrapped)
    check_same(model, wrapped)
    raysal("model", "show", wrapped).done("exported, onnx", "random, entropy, confidence, margin")

    (tmp_path / "bad.onnx").write_bytes(file.read_bytes()[:500])
    with pytest.raises(CheckpointError, match=r"bad\.onnx cannot be opened by onnxruntime"):
        wrap_model(tmp_path / "bad.onnx", tmp_path / "bad", classes=["a", "b"])

    monkeypatch.setattr("raysal.models.archive_onnx.find_spec", lambda package: None)
    for refused in (
        raysal("model", "wrap", file, "--out", tmp_path / "other"),
        raysal("model", "export", model, "--as", "onnx", "--out", file),
    ):
        refused.refused("ONNX needs the package onnxruntime; install 'raysal[onnx]'")
    with pytest.raises(ConfigError, match=r"raysal\[onnx\]"):
        load_model(wrapped)


def test_what_differs_is_not_written(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    encode: Callable[..., bytes] = export._pt2

    def other_weights(program: Any, note: str) -> bytes:
        weight = program.state_dict["network.module.head.weight"]
        with torch.no_grad():
            weight.mul_(1.1)
            data = encode(program, note)
            weight.div_(1.1)
        return data

    monkeypatch.setattr(export, "_pt2", other_weights)
    with pytest.raises(CheckpointError, match=r"differ from the model's by 0\..* it is not writ"):
        export_model(model, "pt2", tmp_path / "x.pt2")
    assert not (tmp_path / "x.pt2").exists()


def test_showing_a_model(material: Material, model: Path, raysal: Raysal, tmp_path: Path) -> None:
    raysal("model", "show", material.model).done(
        "deeplabv3plus_mobilenet_v2", "48x64", "11: ", "unknown", "mc_dropout", "de, "
    )
    out = raysal("model", "show", model).done("python", "random, entropy, confidence, margin")
    assert "not ds: strategy 'ds' reads difficulty, but the model was trained without" in out
    assert "not coreset: acquisition.name=coreset gives no scores to single images" in out
    raysal("model", "show", tmp_path / "none").refused("no checkpoint at")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pt2", "onnx"])
def test_the_default_network(kind: Any, material: Material, tmp_path: Path) -> None:
    made = export_model(material.model, kind, tmp_path / f"x.{kind}")
    wrap_model(made.file, tmp_path / "wrapped")
    check_same(material.model, tmp_path / "wrapped")
