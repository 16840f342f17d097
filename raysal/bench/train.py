"""Time of a training step, compared with that of a plain float32 loop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from raysal.bench.machine import prepare
from raysal.bench.plain_scoring import dense_attention
from raysal.bench.result import Result
from raysal.bench.timing import measure
from raysal.inference.device import default_device
from raysal.inference.precision import Precision
from raysal.inference.predict import normalise
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.depthwise import DilatedDepthwise, StridedDepthwise
from raysal.models.dropout import Dropout
from raysal.models.layers import resize
from raysal.models.network import Network
from raysal.progress import Watch
from raysal.training.config import LossConfig, OptimConfig
from raysal.training.steps import losses, train_step

CLASSES = 11
OF_TORCH: dict[type[nn.Module], Any] = {
    Dropout: nn.Dropout,
    DilatedDepthwise: nn.Conv2d,
    StridedDepthwise: nn.Conv2d,
}
Step = Callable[[], object]


def bench(batch: int, size: tuple[int, int], steps: int, rounds: int, watch: Watch) -> Result:
    """Time steps of DEAL's network, with its difficulty branch, on images in memory.

    Args:
        size: (height, width) of the images.
        steps: in one measurement.
        rounds: number of alternating measurements.
    """
    settings = prepare()
    device = default_device()
    made = torch.Generator().manual_seed(0)
    images_B3HW = torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8, generator=made)
    target_BHW = torch.randint(0, CLASSES, (batch, *size), generator=made)
    data = images_B3HW.to(device), target_BHW.to(device)
    model = network()
    plain = plain_copy(model).to(device)
    model.place(device)
    timing = measure(
        {
            "plain": repeated(plain_step(plain, *data), steps),
            "raysal": repeated(raysal_step(model, *data), steps),
        },
        rounds,
        watch,
    )
    name, count = "plain loop, float32", batch * steps
    return Result(
        "train",
        (
            timing.rate("plain", name, count, to="plain", name=name),
            timing.rate("raysal", "raysal", count, to="plain", name=name),
        ),
        {
            "size": f"{size[1]}x{size[0]}",
            "batch": batch,
            "steps": steps,
            "rounds": rounds,
            **settings,
        },
        ("Images are in memory; reading and augmenting them is not counted.",),
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(4, (360, 480), 2, 5, watch)


def network() -> Network:
    """DEAL's network with random weights, in training mode."""
    config = ModelConfig(weights="none").resolved(frozenset({"difficulty"}))
    return build_model(config, CLASSES, seed=0).train()


def plain_copy(model: Network) -> Network:
    """The network of torch's own layers: with its dropout and its depthwise convolutions, with the
    decoder's input joined, and with the attention as a matrix over all pairs of positions."""
    plain = copy.deepcopy(model)
    assert isinstance(plain, DeepLabV3Plus)
    assert plain.difficulty is not None
    assert plain.difficulty.pam is not None
    plain.difficulty.pam.attention = dense_attention
    for part in list(plain.modules()):
        for own, of_torch in OF_TORCH.items():
            if isinstance(part, own):
                part.__class__ = of_torch
    first = plain.first_convolution
    plain.split = lambda aspp, low: first(torch.cat([upsampled(aspp, low), low], dim=1))
    return plain


def upsampled(x_BDhw: Tensor, like_BDyx: Tensor) -> Tensor:
    """Bilinear, to the height and width of `like_BDyx`."""
    return resize(x_BDhw, (like_BDyx.shape[-2], like_BDyx.shape[-1]))


def raysal_step(
    model: Network, images_BDHW: Tensor, target_BHW: Tensor, precision: Precision = "auto"
) -> Step:
    """As a run trains."""
    optimizer, config = _optimizer(model), LossConfig()
    return lambda: train_step(model, optimizer, images_BDHW, target_BHW, config, precision)


def plain_step(model: Network, images_BDHW: Tensor, target_BHW: Tensor) -> Step:
    """In float32 and in PyTorch's own memory layout, on images that are normalised beforehand."""
    ready_BDHW = normalise(images_BDHW).contiguous()
    optimizer = _optimizer(model)

    def step() -> None:
        optimizer.zero_grad()
        losses(model(ready_BDHW), target_BHW, LossConfig()).backward()
        optimizer.step()

    return step


def repeated(step: Step, times: int) -> Step:
    """The step, several times."""

    def steps() -> None:
        for _ in range(times):
            step()

    return steps


def _optimizer(model: nn.Module) -> torch.optim.Optimizer:
    config = OptimConfig()
    return torch.optim.SGD(
        model.parameters(),
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
