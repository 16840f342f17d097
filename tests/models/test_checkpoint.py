"""Checkpoints: the round trip, and refusal of any other file."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from raysal.errors import CheckpointError
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, load_model, load_weights, save_model
from raysal.models.config import ModelConfig
from raysal.models.state_file import load_state, save_state
from tests.support.faults import disk_full_for
from tests.support.shallow_network import SHALLOW

PALETTE = ((0, 0, 0), (1, 2, 3), (9, 9, 9))


def late() -> ModelConfig:
    """A small network, which is known when tests run, with a difficulty branch."""
    return ModelConfig(**SHALLOW).resolved(frozenset({"difficulty"}))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder / FILE, build_model(late(), 3, seed=1), ("a", "b", "c"), PALETTE, (32, 48))
    return folder


def test_round_trip(saved: Path, tmp_path: Path) -> None:
    first = load_model(saved)
    assert (first.class_names, first.palette, first.size) == (("a", "b", "c"), PALETTE, (32, 48))
    assert first.config == late()
    save_model(tmp_path / FILE, first.model, first.class_names, first.palette, first.size)
    second = load_model(tmp_path / FILE)
    assert second.digest == first.digest
    assert second.class_pixels is None
    counted = (tmp_path / "counted", first.model, first.class_names, first.palette, first.size)
    save_model(*counted, (5, 0, 2**40))
    assert load_model(tmp_path / "counted").class_pixels == (5, 0, 2**40)
    save_model(*counted, (5, 0))
    with pytest.raises(CheckpointError, match="2 class_pixels for 3 classes; the checkpoint is"):
        load_model(tmp_path / "counted")
    image = torch.randn(1, 3, 32, 48)
    with torch.inference_mode():
        a, b = first.model(image), second.model(image)
    assert torch.equal(a.logits_BCHW, b.logits_BCHW)
    assert torch.equal(a.difficulty_logits_BHW, b.difficulty_logits_BHW)


def test_digest_depends_on_weights_and_settings(saved: Path, tmp_path: Path) -> None:
    first = load_model(saved)
    with torch.no_grad():
        first.model.classify.bias[0] += 1e-6
    save_model(tmp_path / "weights", first.model, first.class_names, PALETTE, (32, 48))
    save_model(tmp_path / "size", load_model(saved).model, first.class_names, PALETTE, (32, 64))
    others = {load_model(tmp_path / name).digest for name in ("weights", "size")}
    assert len({first.digest, *others}) == 3


class Evil:
    """Its unpickling runs a command."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


def damaged(kind: str, saved: Path, folder: Path) -> Path:
    """A file that is no usable checkpoint."""
    data, path = (saved / FILE).read_bytes(), folder / FILE
    raw = torch.load(saved / FILE, weights_only=True)
    if kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("name: quickstart\n")
    elif kind == "zeros":
        path.write_bytes(bytes(4096))
    elif kind == "torchvision":
        torch.save({"features.0.0.weight": torch.zeros(1)}, path)
    elif kind == "tensor":
        torch.save(torch.zeros(1), path)
    elif kind == "code":
        torch.save({"kind": "raysal.model", "x": Evil(folder / "pwned")}, path)
    elif kind == "plain pickle with code":
        path.write_bytes(pickle.dumps(Evil(folder / "pwned"), protocol=2))
    elif kind == "version":
        save_state(path, raw | {"version": 99})
    elif kind == "unknown setting":
        save_state(path, raw | {"model": raw["model"] | {"depth": 9}})
    elif kind == "no state":
        save_state(path, {key: value for key, value in raw.items() if key != "state"})
    elif kind == "classes":
        save_state(path, raw | {"class_names": ["a", "b"], "palette": raw["palette"][:2]})
    elif kind == "branch":
        difficulty = raw["model"]["difficulty"] | {"branch": "early"}
        save_state(path, raw | {"model": raw["model"] | {"difficulty": difficulty}})
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("absent", "no checkpoint at"),
        ("truncated", "damaged or not a checkpoint"),
        ("empty", "damaged or not a checkpoint"),
        ("text", "damaged or not a checkpoint"),
        ("zeros", "damaged or not a checkpoint"),
        ("torchvision", "is not a raysal model"),
        ("tensor", "is not a raysal model"),
        ("code", r"holds Python objects \((posix|nt)\.mkdir\)"),
        ("plain pickle with code", r"holds Python objects \((posix|nt)\.mkdir\)"),
        ("version", "has format version 99, this raysal reads 1"),
        ("unknown setting", "depth"),
        ("no state", "state"),
        ("classes", "of another network or number of classes: 'classify.bias' has shape"),
        ("branch", "of another network: 'difficulty.head"),
    ],
)
def test_other_files_are_refused_in_one_line(
    kind: str, message: str, saved: Path, tmp_path: Path
) -> None:
    path = damaged(kind, saved, tmp_path)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": 3}, "is not a raysal model"),
        ({"kind": torch.zeros(2)}, "is not a raysal model"),
        ({"version": "1"}, "has format version 1"),
        ({"version": torch.ones(3)}, "has format version tensor"),
        ({"model": [1]}, "Input should be a valid dictionary"),
        ({"class_names": "abc"}, "class_names: Input should be a valid tuple"),
        ({"class_names": ["a", 2, "c"]}, "class_names.1: Input should be a valid string"),
        ({"class_names": []}, "class_names: Tuple should have at least 1 item"),
        ({"class_names": ["a"] * 256}, "class_names: Tuple should have at most 255 items"),
        ({"palette": [[0, 0, 0]]}, "1 colours for 3 classes"),
        ({"palette": [[0, 0]] * 3}, "palette.0.2 is missing"),
        ({"palette": [[0, 0, 256]] * 3}, "palette.0.2: Input should be less than or equal to 255"),
        ({"palette": None}, "palette: Input should be a valid tuple"),
        ({"size": 32}, "size: Input should be a valid tuple"),
        ({"size": [32]}, "size.1 is missing"),
        ({"size": [32, "x"]}, "size.1: Input should be a valid integer"),
        ({"size": [0, 32]}, "size.0: Input should be greater than or equal to 1"),
        ({"size": [10**9, 32]}, "size.0: Input should be less than or equal to 16384"),
        ({"state": []}, "its state is not a dict of weights"),
        ({"state": {3: torch.zeros(1)}}, "its state is not a dict of weights"),
    ],
)
def test_parts_of_other_types(
    changes: dict[str, object], message: str, saved: Path, tmp_path: Path
) -> None:
    raw = torch.load(saved / FILE, weights_only=True)
    save_state(tmp_path / FILE, raw | changes)
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("zero", "is damaged: 'classify.bias' is not a plain tensor"),
        (torch.zeros(3, dtype=torch.int64), "is damaged: 'classify.bias' is not a plain tensor"),
        (torch.zeros(3, dtype=torch.complex64), "'classify.bias' is not a plain tensor"),
        (torch.tensor([0.0, float("nan"), 0.0]), "'classify.bias' holds NaN or infinite numbers"),
        (torch.tensor([0.0, float("inf"), 0.0]), "'classify.bias' holds NaN or infinite numbers"),
        (torch.zeros(4), r"'classify.bias' has shape (4,), this model needs (3,)"),
    ],
)
def test_a_weight_that_is_none(weight: object, message: str, saved: Path, tmp_path: Path) -> None:
    raw = torch.load(saved / FILE, weights_only=True)
    save_state(tmp_path / FILE, raw | {"state": raw["state"] | {"classify.bias": weight}})
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_weights_of_another_precision(dtype: torch.dtype, saved: Path, tmp_path: Path) -> None:
    raw = torch.load(saved / FILE, weights_only=True)
    state = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in raw["state"].items()
    }
    save_state(tmp_path / FILE, raw | {"state": state})
    loaded = load_model(tmp_path)
    weight = loaded.model.state_dict()["classify.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["classify.weight"].float())


@pytest.mark.parametrize("cut", [1, 100, 5000, 100_000, -1, -30])
def test_a_checkpoint_cut_anywhere_is_refused(cut: int, saved: Path, tmp_path: Path) -> None:
    data = (saved / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data[:cut])
    with pytest.raises(CheckpointError):
        load_state(tmp_path / FILE)


def test_weights_of_another_number_of_classes_are_named() -> None:
    theirs = build_model(late(), 4, seed=0).state_dict()
    with pytest.raises(CheckpointError, match=r"'classify.bias' has shape \(4,\), .* \(3,\)"):
        load_weights(build_model(late(), 3, seed=0), theirs, Path("x"))


def test_an_interrupted_save_leaves_the_old_one(saved: Path) -> None:
    before = load_model(saved).digest
    with disk_full_for(FILE), pytest.raises(OSError, match="No space"):
        save_model(saved / FILE, build_model(late(), 3, seed=2), "abc", PALETTE, (32, 48))
    assert load_model(saved).digest == before
    assert [path.name for path in saved.iterdir()] == [FILE]
