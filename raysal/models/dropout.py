"""Dropout whose masks are drawn quickly on CPUs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PER_DRAW = 4
"""Masks that 64 random bits make, of 16 bits each."""
LEVELS = 1 << 16


class Dropout(nn.Dropout):
    """As `torch.nn.Dropout`, with other random numbers where it is trained on a CPU.

    torch draws a number for each element, on one core: in DeepLabv3+ at 360x480, a fifth of a
    training step on two cores. Here each 64 random bits decide over four elements, so that `p` is
    rounded to a multiple of 2^-16. Without gradients, as in votes of dropout passes, and on GPUs,
    it is torch's own.
    """

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape."""
        quick = self.training and torch.is_grad_enabled() and x.device.type == "cpu"
        if not quick or not 0 < self.p < 1 or not _is_dense(x):
            return super().forward(x)
        return x * _kept(x, self.p).to(x.dtype).mul_(1 / (1 - self.p))


def _is_dense(x: Tensor) -> bool:
    """Whether its numbers lie side by side in memory, in whichever order."""
    layout = torch.channels_last if x.dim() == 4 else torch.contiguous_format
    return x.is_contiguous() or x.is_contiguous(memory_format=layout)


def _kept(x: Tensor, p: float) -> Tensor:
    """bool, of the shape and layout of `x`: true with a probability of 1 - p."""
    draws = torch.empty(-(-x.numel() // PER_DRAW), dtype=torch.int64)
    draws.random_(-(2**63), None)  # All 64 bits.
    levels = draws.view(torch.int16)[: x.numel()].as_strided(x.shape, x.stride())
    return levels >= round(p * LEVELS) - LEVELS // 2
