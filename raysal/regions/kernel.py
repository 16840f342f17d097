"""The Gaussian attention kernel (CPRAL, Eq. 5).

K = sqrt(N² / ΣN²)·s, where N² is an s x s Gaussian. K is the outer product of a profile with
itself; ΣK² = s² for any Gaussian, and a flat one gives K = 1, the plain sum over a window.
"""

from __future__ import annotations

import torch
from torch import Tensor


def profile(side: int, sigma: float = 2.0, kernel: str = "window_cdf") -> Tensor:
    """(S,) float64 profile k with K = k kᵀ and Σk² = S.

    Args:
        side: S, pixels.
        sigma: standard deviations from centre to edge; for `pixel`, a deviation in pixels.
        kernel: see `RegionConfig.kernel`. Windows of one or two pixels are always flat.
    """
    if kernel == "box" or side <= 2:
        return torch.ones(side, dtype=torch.float64)
    if kernel == "pixel":
        offset_S = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
        weight_S = torch.exp(-(offset_S**2) / (2 * sigma**2))
    else:
        # Differences of the standard normal's distribution function over S equal steps.
        reach = sigma if kernel == "window_cdf" else sigma + (2 * sigma + 1) / side / 2
        edges = torch.linspace(-reach, reach, side + 1, dtype=torch.float64)
        weight_S = torch.special.ndtr(edges).diff()
    return torch.sqrt(weight_S / weight_S.sum() * side)
