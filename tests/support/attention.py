"""The attention kernel as a matrix, as CPRAL prints it; the package needs its profile only."""

from __future__ import annotations

import torch
from torch import Tensor

from raysal.regions.kernel import profile


def attention_kernel(side: int, sigma: float = 2.0, kernel: str = "window_cdf") -> Tensor:
    """(S, S) float64 kernel K of Eq. 5."""
    profile_S = profile(side, sigma, kernel)
    return torch.outer(profile_S, profile_S)
