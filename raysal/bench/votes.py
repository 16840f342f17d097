"""Time of the vote map of several stochastic passes, compared with one pass of the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import torch
from torch import Tensor

from raysal.bench.machine import prepare
from raysal.bench.networks import with_channel_dropout
from raysal.bench.result import Figure, Result
from raysal.bench.timing import measure
from raysal.bench.vote_products import vote_products
from raysal.errors import ConfigError
from raysal.inference.device import autocast, default_device
from raysal.inference.predict import normalise, predict
from raysal.inference.vote import Dropped
from raysal.inference.votes import passes_at_once, vote_map
from raysal.models.dropouts import own_dropouts
from raysal.models.network import Network
from raysal.progress import Watch

DROPPED: tuple[Dropped, ...] = get_args(Dropped)


def bench(
    size: tuple[int, int], classes: int, passes: int, rounds: int, dropout: str, watch: Watch
) -> Result:
    """Time one prediction, the vote-entropy map of `passes`, and as many full dropout passes.

    The weights are random, so that the passes disagree almost everywhere: the slowest case.

    Args:
        size: (height, width) of the image.
        rounds: number of alternating measurements.
        dropout: of `DROPPED`.

    Raises:
        ConfigError: `dropout` is none of them.
    """
    dropped = next((kind for kind in DROPPED if kind == dropout), None)
    if dropped is None:
        raise ConfigError(f"--dropout {dropout}: give {' or '.join(DROPPED)}")
    settings = prepare()
    device = default_device()
    model = with_channel_dropout(classes, device)
    image_3HW = torch.randint(0, 256, (3, *size), dtype=torch.uint8, device=device)
    steps: dict[str, Callable[[], object]] = {
        "pass": lambda: predict(model, image_3HW[None]),
        "votes": lambda: vote_map(model, image_3HW, 0, passes, dropped=dropped),
        "plain": lambda: plain_votes(model, image_3HW, passes, dropped),
    }
    if dropped == "channels":
        steps["products"] = vote_products(model, size, passes, passes_at_once(size))
    timing = measure(steps, rounds, watch)
    one = "one pass"
    bound: tuple[Figure, ...] = ()
    if dropped == "channels":
        bound = (timing.duration("products", "their matrix products alone", "pass", one),)
    return Result(
        "votes",
        (
            timing.duration("pass", "one pass, to probabilities", "pass", one),
            timing.duration("votes", f"{passes} votes, to their entropy", "pass", one),
            *bound,
            timing.duration("plain", f"{passes} passes through the network, counted", "pass", one),
        ),
        {
            "size": f"{size[1]}x{size[0]}",
            "classes": classes,
            "passes": passes,
            "dropout": dropout,
            "rounds": rounds,
            **settings,
        },
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench((360, 480), 11, 20, 3, "channels", watch)


@torch.inference_mode()
def plain_votes(
    model: Network, image_3HW: Tensor, passes: int, dropped: Dropped = "channels"
) -> Tensor:
    """(C, H, W) vote counts of `passes` full dropout passes."""
    counts_CHW = torch.zeros(model.classes, *image_3HW.shape[1:], device=image_3HW.device)
    one = torch.ones(1, *image_3HW.shape[1:], device=image_3HW.device)
    layers = own_dropouts(model) if dropped == "network" else [model.drop]
    for layer in layers:
        layer.train()
    with autocast("auto", image_3HW.device):
        for _ in range(passes):
            winner_1HW = model(normalise(image_3HW[None])).logits_BCHW.argmax(1)
            counts_CHW.scatter_add_(0, winner_1HW, one)
    for layer in layers:
        layer.eval()
    return counts_CHW
