"""Archives of networks, good ones and others that are wrong in one way each."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from raysal.models.network import network_class
from tests.support.material import SIZE, Material
from tests.support.own_network import FACTORY, Small

LEAST, MOST = 32, 96


def small(classes: int = 11) -> Small:
    """A network with the same weights in every call."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Small(classes, 3, 4)


class ReturnsDict(Small):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"out": super().forward(x), "aux": x}


class Flat(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten(2)


class Classes(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).argmax(1, keepdim=True)


class NotFinite(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 0.0 * 0.0


class Mixes(Small):
    """The logits of an image depend on its batch, as with batch norm in training mode."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean((0, 2, 3), keepdim=True))


class TwoInputs(Small):
    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return super().forward(x + other)


def save_pt2(
    path: Path,
    module: nn.Module,
    *,
    batch: int | None = None,
    size: tuple[int, int] = SIZE,
    any_size: bool = False,
    channels: int = 3,
    inputs: int = 1,
) -> Path:
    """Export a module.

    Args:
        batch: the only size of batches that it takes; None for any.
        any_size: whether images have sides of `LEAST` to `MOST`.
    """
    dim = torch.export.Dim
    dynamic = {0: dim("batch", min=1)} if batch is None else {}
    if any_size:
        dynamic |= {2: dim("height", min=LEAST, max=MOST), 3: dim("width", min=LEAST, max=MOST)}
    example = tuple(torch.zeros(batch or 2, channels, *size) for _ in range(inputs))
    program = torch.export.export(module.eval(), example, dynamic_shapes=(dynamic,) * inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, path)
    return path


def save_python(folder: Path, material: Material, module: nn.Module) -> Path:
    """A model folder with a user's network of the same weights."""
    dataset = material.dataset
    config = ModelConfig(name="python", factory=FACTORY, arguments={"width": 4})
    network = network_class(config)(config.resolved(frozenset()), len(dataset.class_names))
    network.module.load_state_dict(module.state_dict())
    folder.mkdir()
    save_model(folder / FILE, network, dataset.class_names, dataset.palette, SIZE)
    return folder
