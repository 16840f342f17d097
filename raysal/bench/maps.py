"""Time per image of voting, region picking and label extension."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysal.data.sets.streets.dataset import Streets
from raysal.engine.workers.cell_features import image_features
from raysal.inference.device import autocast, default_device
from raysal.inference.predict import normalise, predict, to_tensor
from raysal.inference.vote import Dropped
from raysal.inference.votes import vote_map
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.dropouts import own_dropouts
from raysal.models.network import Network
from raysal.regions.config import RegionConfig
from raysal.regions.extend import extend
from raysal.regions.extend_config import ExtendConfig
from raysal.regions.pick import RegionPicker

CHANNEL_DROPOUT = 0.25
SHOWN_SHARE = 0.5


@dataclass(frozen=True)
class Timing:
    """Median seconds per image of each step."""

    seconds: dict[str, float]

    def ratio(self, step: str, of: str) -> float:
        """Time of `step` divided by that of `of`."""
        return self.seconds[step] / self.seconds[of]


def measure(steps: dict[str, Callable[[], object]], rounds: int) -> Timing:
    """Run all steps once to warm up, then time them in turn, `rounds` times."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                taken[name].append(time.perf_counter() - start)
    return Timing({name: statistics.median(values) for name, values in taken.items()})


def votes(
    size: tuple[int, int], classes: int, passes: int, rounds: int, dropped: Dropped = "channels"
) -> Timing:
    """Time `pass` (one prediction), `plain` (`passes` full dropout passes) and `votes` (the
    vote-entropy map of as many).

    The weights are random, so that the passes disagree almost everywhere: the slowest case.
    """
    device = default_device()
    model = bench_model(classes, device)
    image_3HW = torch.randint(0, 256, (3, *size), dtype=torch.uint8, device=device)
    return measure(
        {
            "pass": lambda: predict(model, image_3HW[None]),
            "votes": lambda: vote_map(model, image_3HW, 0, passes, dropped=dropped),
            "plain": lambda: plain_votes(model, image_3HW, passes, dropped),
        },
        rounds,
    )


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


def regions(size: tuple[int, int], w: int, passes: int, rounds: int) -> Timing:
    """Time `votes`, `rga` and `cle` on a street scene, half of which is labelled for `cle`."""
    device = default_device()
    streets = Streets(size=size, train=1)
    item = streets.items("train")[0]
    image, truth = streets.image(item), streets.label(item)
    image_3HW = to_tensor([image])[0].to(device)
    classes = len(streets.class_names)
    model = bench_model(classes, device)
    config = RegionConfig(w=w, passes=passes)
    picker = RegionPicker(config, size)
    map_HW = vote_map(model, image_3HW, 0, passes)
    delivered_HW = np.zeros(size, bool)
    for region in picker(map_HW):
        if delivered_HW.mean() >= SHOWN_SHARE:
            break
        delivered_HW[region.row : region.row + w, region.col : region.col + w] = True
    cle = ExtendConfig()

    def extension() -> object:
        features = image_features(image, cle, None, "auto", device)
        return extend(features, truth, delivered_HW, classes, cle.thresholds, cle, w)

    return measure(
        {
            "votes": lambda: vote_map(model, image_3HW, 0, passes),
            "rga": lambda: picker(map_HW),
            "cle": extension,
        },
        rounds,
    )


def bench_model(classes: int, device: torch.device) -> Network:
    """A network with channel dropout and random weights."""
    config = ModelConfig(weights="none", channel_dropout=CHANNEL_DROPOUT)
    model = build_model(config, classes, seed=0).eval().to(device)
    return model.to(memory_format=torch.channels_last)
