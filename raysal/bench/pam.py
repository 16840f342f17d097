"""Time of probability attention, compared with the matrix over all pairs of positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from raysal.bench.machine import prepare
from raysal.bench.plain_scoring import dense_attention
from raysal.bench.result import Figure, Result
from raysal.bench.timing import measure
from raysal.inference.device import default_device
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.frozen import frozen
from raysal.models.pam import probability_attention
from raysal.progress import Watch

CASES = ((60, 80, 11), (86, 86, 19), (86, 172, 19))
"""Height and width of the attention grid, and classes: CamVid at 360x480 and crops of Cityscapes at
688x688 (DEAL, section 4.1), and twice as wide ones."""
MOST_APART = 5e-4
SHARPNESS = 3.0
"""Standard deviation of the logits, so that most probabilities are near 0 or 1, as trained ones."""


def bench(cases: Sequence[tuple[int, int, int]], images: int, rounds: int, watch: Watch) -> Result:
    """Time the attention as the released code computes it, as training does, and as inference does.

    Args:
        cases: see `CASES`.
        images: in a batch.
        rounds: number of alternating measurements.

    The result is wrong if they differ by more than `MOST_APART`.
    """
    settings = prepare()
    figures: list[Figure] = []
    furthest = 0.0
    for case in cases:
        told, apart = _case(case, images, rounds, watch)
        figures += told
        furthest = max(furthest, apart)
    return Result(
        "pam",
        tuple(figures),
        {"images": images, "rounds": rounds, **settings, "precision": "fp32"},
        (
            "dense: the matrix over all pairs of positions, as in the released code; training: the "
            "fused kernel; inference: as the network that scores a pool computes it",
            f"no probability differs by more than {furthest:.1e} from the dense one",
        ),
        "" if furthest <= MOST_APART else f"probabilities differ by {furthest:.1e}",
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(CASES[:2], 1, 3, watch)


def at_inference(classes: int, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The attention of a network that is rearranged for inference."""
    config = ModelConfig(weights="none").resolved(frozenset({"difficulty"}))
    network = frozen(build_model(config, classes, seed=0).eval().to(device))
    assert network.difficulty is not None
    assert network.difficulty.pam is not None
    return network.difficulty.pam.attention


@torch.inference_mode()
def _case(
    case: tuple[int, int, int], images: int, rounds: int, watch: Watch
) -> tuple[list[Figure], float]:
    height, width, classes = case
    device = default_device()
    generator = torch.Generator().manual_seed(0)
    logits_BCHW = torch.randn(images, classes, height, width, generator=generator) * SHARPNESS
    probs_BCHW = logits_BCHW.softmax(1).to(device)
    ways = {
        "dense": dense_attention,
        "training": probability_attention,
        "inference": at_inference(classes, device),
    }
    truth = dense_attention(probs_BCHW)
    apart = max(float((way(probs_BCHW) - truth).abs().max()) for way in ways.values())
    timing = measure({name: _call(way, probs_BCHW) for name, way in ways.items()}, rounds, watch)
    of = f"{height}x{width}, {classes} classes"
    told = [timing.duration(name, name, "" if name == "dense" else "dense", of=of) for name in ways]
    matrix = images * (height * width) ** 2 * 4 / 2**20
    told.append(Figure("dense matrix", matrix, "MiB", of=of))
    if device.type == "cuda":
        told += _memory(ways, probs_BCHW, of)
    return told, apart


def _memory(
    ways: dict[str, Callable[[Tensor], Tensor]], probs_BCHW: Tensor, of: str
) -> Iterator[Figure]:
    """What each takes at most of the GPU's memory."""
    for name, way in ways.items():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        way(probs_BCHW)
        peak = (torch.cuda.max_memory_allocated() - before) / 2**20
        yield Figure(f"{name}, GPU memory", peak, "MiB", of=of)


def _call(way: Callable[[Tensor], Tensor], probs_BCHW: Tensor) -> Callable[[], Tensor]:
    return lambda: way(probs_BCHW)
