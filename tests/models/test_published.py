"""Encoder weights as trainers save them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from raysal.errors import CheckpointError
from raysal.models.backbones import BACKBONES
from raysal.models.published import read_published
from tests.support.each_backbone import EACH

State = dict[str, Tensor]
FIRST = "features.0.0.weight"
MOBILENET = "deeplabv3plus_mobilenet_v2"


@pytest.fixture(scope="module")
def state() -> State:
    """Of torchvision's names, with a classifier beside."""
    encoder = BACKBONES[MOBILENET].make(16)
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.rand(value.shape, generator=generator) if value.is_floating_point() else value
        for name, value in encoder.published_names().items()
    }
    return {**weights, "classifier.1.bias": torch.zeros(10)}


def load(saved: Any, tmp_path: Path) -> Tensor:
    file = tmp_path / "w.pth"
    torch.save(saved, file)
    encoder = BACKBONES[MOBILENET].make(16)
    encoder.load_published(
        read_published(file, encoder.published_names(), BACKBONES[MOBILENET].layout)
    )
    return encoder.state_dict()["blocks.0.0.weight"]


def prefixed(prefix: str) -> Callable[[State], State]:
    return lambda state: {prefix + name: value for name, value in state.items()}


WRAPPED: dict[str, Callable[[State], Any]] = {
    "plain": lambda state: state,
    "DDP": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "DDP, compiled": prefixed("module._orig_mod."),
    "compiled, DDP": prefixed("_orig_mod.module."),
    "a block compiled": lambda state: {
        name.replace("features.1.", "features.1._orig_mod."): value for name, value in state.items()
    },
    "FSDP": prefixed("_fsdp_wrapped_module."),
    "in a network": prefixed("backbone."),
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model": lambda state: {"model": prefixed("module.")(state), "optimizer": {"state": {}}},
    "two deep": lambda state: {"checkpoint": {"net": state}, "step": torch.tensor(3)},
    "no counters": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
    "double": lambda state: {k: v.double() for k, v in state.items()},
    "beside an average": lambda state: {**state, "ema": state},
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_unwrapped(kind: str, state: State, tmp_path: Path) -> None:
    saved = WRAPPED[kind](state)
    if kind == "double":
        saved = {k: v for k, v in saved.items() if "num_batches" not in k}
    assert torch.equal(load(saved, tmp_path), state[FIRST])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype: torch.dtype, state: State, tmp_path: Path) -> None:
    half = {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
    weight = load(half, tmp_path)
    assert weight.dtype == torch.float32
    assert torch.equal(weight, half[FIRST].float())


REFUSED: list[tuple[str, Callable[[State], Any], str]] = [
    ("list", lambda s: [1, 2], "holds a list, not a state dict"),
    ("tensor", lambda s: torch.zeros(2), "holds a Tensor, not a state dict"),
    ("empty", lambda s: {}, f"'{FIRST}' is missing; its keys are none"),
    ("numbers", lambda s: {1: 2}, f"'{FIRST}' is missing; its keys are 1"),
    ("another", lambda s: {"conv1.weight": torch.zeros(1), "fc": torch.zeros(1)},
     f"is not a torchvision MobileNetV2 state dict: '{FIRST}' is missing; its keys are "
     "conv1.weight, fc"),
    ("many keys", lambda s: {f"k{n}": torch.zeros(1) for n in range(9)}, "k4, k5 and 3 more"),
    ("nested another", lambda s: {"net": {"w": torch.zeros(1)}}, "its keys are net.w"),
    ("part", lambda s: {k: v for k, v in s.items() if "features.3." not in k},
     "'features.3.conv.0.0.weight' is missing"),
    ("two", lambda s: {"student": s, "teacher": s}, "several sets of torchvision MobileNetV2 "
     "weights ('student.', 'teacher.')"),
    ("two prefixes", lambda s: {**prefixed("q.")(s), **prefixed("k.")(s)}, "('q.', 'k.')"),
    ("text", lambda s: {**s, FIRST: "x"}, f"'{FIRST}' is a str, not a tensor"),
    ("shape", lambda s: {**s, FIRST: torch.zeros(2)}, f"'{FIRST}' has shape (2,), but (32, 3, 3"),
    ("integers", lambda s: {**s, FIRST: s[FIRST].int()}, f"'{FIRST}' has type torch.int32"),
    ("NaN", lambda s: {**s, FIRST: s[FIRST] * float("nan")}, f"'{FIRST}' in "),
    ("infinite", lambda s: {**s, FIRST: s[FIRST] / 0}, "holds NaN or infinite numbers; the file"),
    ("whole module", lambda s: torch.nn.Linear(2, 2), "holds Python objects (torch.nn.modules."
     "linear.Linear), whose loading could run any code, and is not loaded; save the weights"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused(
    change: Callable[[State], Any], message: str, state: State, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError) as caught:
        load(change(state), tmp_path)
    text = str(caught.value)
    assert message in text
    assert str(tmp_path / "w.pth") in text
    assert "\n" not in text
    assert "weights_only" not in text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((9).to_bytes(8, "little") + b'{"a": {}}', "is a safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1", "is damaged or not a checkpoint"),
        (b"", "is damaged or not a checkpoint"),
    ],
)
def test_other_files(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_published(tmp_path / "w.pth", BACKBONES[MOBILENET].make(16).published_names(), "x")
    assert message in str(caught.value)
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("name", EACH)
def test_every_backbone_loads_what_it_names(name: str, tmp_path: Path) -> None:
    encoder = BACKBONES[name].make(BACKBONES[name].strides[0])
    torch.save({"model": prefixed("module.")(dict(encoder.published_names()))}, tmp_path / "w")
    read = read_published(tmp_path / "w", encoder.published_names(), BACKBONES[name].layout)
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    other = BACKBONES[name].make(BACKBONES[name].strides[0])
    other.load_published(read)
    assert all(torch.equal(value, before[key]) for key, value in other.state_dict().items())
