"""Dropout masks that depend on a seed and the number of the pass alone: not on how many passes
there are or are computed at a time, nor on the device.

Axes in names: M passes, D channels, N elements.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed

# Words that are hashed together on a CPU: few enough for its cache, and enough that its cores
# seldom wait for one another.
WORDS_AT_ONCE = 2**19
# Multipliers of Wellons' lowbias32, as signed numbers, and one to spread the counters.
_FIRST, _SECOND, _SPREAD = 0x7FEB352D, 0x846CA68B - 2**32, 0x9E3779B1 - 2**32


def dropout_masks(seed: int, passes: int, channels: int, p: float) -> Tensor:
    """(M, D) channel factors of each pass: 0 with probability p, else 1 / (1 - p)."""
    kept = np.random.default_rng(seed).random((passes, channels)) >= p
    return torch.from_numpy(kept.astype(np.float32)) / (1 - p)


def kept_elements(
    seed: int,
    layer: int,
    passes: Sequence[int],
    count: int,
    p: float,
    device: torch.device,
    dtype: torch.dtype = torch.bool,
) -> Tensor:
    """(M, N): 1 where passes keep an element of a layer, which each has a chance of 1 - p, else 0.

    Numbers are hashes of (seed, layer, pass, element), computed on the device: to draw them one
    after the other, or to move them there, would take longer than the pass. p is rounded to a
    multiple of 2^-16, and an element takes no more random bits than that needs: one for p = 0.5.

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
    threshold = min(round(p * 2**16), 2**16 - 1)
    bits = next(k for k in (1, 2, 4, 8, 16) if threshold % 2 ** (16 - k) == 0)
    words = -(-count * bits // 32)
    # Element n of group g reads the highest bits of word n, shifted by g times as many.
    shift_G1 = 2 ** torch.arange(0, 16, bits, device=device).unsqueeze(1)
    kept_MGn = torch.empty(len(keys), 16 // bits, 2 * words, dtype=dtype, device=device)
    on_cpu = device.type == "cpu"
    rows, at_once = (1, WORDS_AT_ONCE) if on_cpu else (max(1, len(keys)), max(1, words))
    for row, start in itertools.product(range(0, len(keys), rows), range(0, words, at_once)):
        some, end = slice(row, row + rows), min(start + at_once, words)
        drawn_Mn = _hashed(start, end, low_M1[some], high_M1[some]).view(torch.int16)
        shifted_MGn = drawn_Mn.unsqueeze(1)
        if bits < 16:
            shifted_MGn = shifted_MGn * shift_G1.to(torch.int16)
        torch.ge(shifted_MGn, threshold - 2**15, out=kept_MGn[some, :, 2 * start : 2 * end])
    return kept_MGn.flatten(1)[:, :count]


def drop_elements(x_MN: Tensor, seed: int, layer: int, passes: Sequence[int], p: float) -> None:
    """Set to 0, in place, what `kept_elements` does not keep. Nothing is divided by 1 - p."""
    # Bit patterns times 0 or 1: no copy of the mask in x's type, as a product with bool needs.
    if x_MN.element_size() == 2:
        x_MN, dtype = x_MN.view(torch.int16), torch.int16
    else:
        x_MN, dtype = x_MN.view(torch.int32), torch.bool
    # Pass by pass on a CPU, so that its cache holds both.
    at_once = 1 if x_MN.device.type == "cpu" else max(1, len(passes))
    for start in range(0, len(passes), at_once):
        some = slice(start, start + at_once)
        kept = kept_elements(seed, layer, passes[some], x_MN.shape[1], p, x_MN.device, dtype)
        x_MN[some].mul_(kept)


def _hashed(start: int, end: int, low_M1: Tensor, high_M1: Tensor) -> Tensor:
    """(M, end - start) int32: hashes of the numbers from `start` on, by the keys of M passes."""
    counter_N = torch.arange(start, end, dtype=torch.int32, device=low_M1.device)
    x_MN = counter_N.mul_(_SPREAD) + low_M1
    x_MN ^= (x_MN >> 16).bitwise_and_(0xFFFF)  # `>>` copies the sign, which `&` removes.
    x_MN *= _FIRST
    x_MN ^= (x_MN >> 15).bitwise_and_(0x1FFFF)
    x_MN ^= high_M1
    x_MN *= _SECOND
    x_MN ^= (x_MN >> 16).bitwise_and_(0xFFFF)
    return x_MN
