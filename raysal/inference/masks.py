"""Dropout masks that depend on a seed and the number of the pass alone: not on how many passes
there are or are computed at a time, nor on the device.

Axes in names: M passes, D channels, N elements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed

# Words that are hashed together on a CPU, few enough to stay in its cache.
WORDS_AT_ONCE = 2**16
# Multipliers of Wellons' lowbias32, as signed numbers, and one to spread the counters.
_FIRST, _SECOND, _SPREAD = 0x7FEB352D, 0x846CA68B - 2**32, 0x9E3779B1 - 2**32


def dropout_masks(seed: int, passes: int, channels: int, p: float) -> Tensor:
    """(M, D) channel factors of each pass: 0 with probability p, else 1 / (1 - p)."""
    kept = np.random.default_rng(seed).random((passes, channels)) >= p
    return torch.from_numpy(kept.astype(np.float32)) / (1 - p)


def kept_elements(
    seed: int, layer: int, passes: Sequence[int], count: int, p: float, device: torch.device
) -> Tensor:
    """(M, N) bool: the elements that passes keep in a layer, each with probability 1 - p.

    Numbers are hashes of (seed, layer, pass, element), computed on the device: to draw them one
    after the other, or to move them there, would take longer than the pass. p is rounded to a
    multiple of 2^-16.

    Args:
        layer: number of the dropout layer.
        passes: numbers of the passes.
        count: N.
    """
    keys = [derive_seed(seed, "layer", layer, number) for number in passes]
    low_M1, high_M1 = (
        torch.tensor([[(key >> shift) % 2**32 - 2**31] for key in keys]).to(device, torch.int32)
        for shift in (0, 31)
    )
    words = (count + 1) // 2
    at_once = words if device.type != "cpu" else max(1, WORDS_AT_ONCE // len(keys))
    drawn_MN = torch.empty(len(keys), 2 * words, dtype=torch.bool, device=device)
    threshold = round(p * 2**16) - 2**15
    for start in range(0, words, at_once):
        end = min(start + at_once, words)
        counter_N = torch.arange(start, end, dtype=torch.int32, device=device)
        x_MN = counter_N.mul_(_SPREAD) + low_M1
        x_MN ^= (x_MN >> 16).bitwise_and_(0xFFFF)  # `>>` copies the sign, which `&` removes.
        x_MN *= _FIRST
        x_MN ^= (x_MN >> 15).bitwise_and_(0x1FFFF)
        x_MN ^= high_M1
        x_MN *= _SECOND
        x_MN ^= (x_MN >> 16).bitwise_and_(0xFFFF)
        torch.ge(x_MN.view(torch.int16), threshold, out=drawn_MN[:, 2 * start : 2 * end])
    return drawn_MN[:, :count]
