"""A 3x3 convolution of an upsampled map, computed at the map's own resolution.

Upsampling is linear, and so is a convolution: what each tap contributes is computed before
upsampling, at a sixteenth of the positions (output stride 16), and upsampled with the tap's shift.

Axes in names: M maps, D channels, O output channels, T taps, h w size of the map, y x size it is
upsampled to. Channels come last, so that a 1x1 convolution is a matrix product.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

SHIFTS = (-1, 0, 1)


class ResizedConvolution:
    """3x3 convolution, padded with zeros to the same size, of an aligned-corner bilinear resize.

    Args:
        weight_ODkk: of the convolution.
    """

    def __init__(self, weight_ODkk: Tensor) -> None:
        self._taps_fD = tap_matrices(weight_ODkk)

    def add_to(self, total_MyxO: Tensor, map_MhwD: Tensor) -> Tensor:
        """`total_MyxO` plus the convolution of `map_MhwD` upsampled to the same (y, x).

        Upsampling is a product with a matrix along each axis, and so is upsampling shifted by a
        tap: out = Σ_taps rows_tap · (map · weight_tap) · cols_tapᵀ.
        """
        (M, h, w, _), (y, x) = map_MhwD.shape, total_MyxO.shape[1:3]
        rows_yf = shifted_resize(h, y).to(map_MhwD)  # (y, h·3)
        cols_xf = shifted_resize(w, x, shifts_first=True).to(map_MhwD)  # (x, 3·w)
        n = len(SHIFTS)
        z = F.linear(map_MhwD, self._taps_fD.to(map_MhwD.dtype))
        # (M, h, tap down, tap across, w, O): products over (tap across, w), then (h, tap down).
        z = z.view(M, h, w, n, n, -1).permute(0, 1, 3, 4, 2, 5).reshape(M, h * n, n * w, -1)
        z = torch.matmul(cols_xf, z)
        out_Myf = torch.baddbmm(total_MyxO.flatten(2), rows_yf.expand(M, -1, -1), z.flatten(2))
        return out_Myf.view(M, y, x, -1)


def tap_matrices(weight_ODkk: Tensor) -> Tensor:
    """(T·O, D): one matrix per tap, in row-major order of the taps."""
    return weight_ODkk.permute(2, 3, 0, 1).flatten(0, 2)


@functools.lru_cache(maxsize=32)
def shifted_resize(source: int, target: int, shifts_first: bool = False) -> Tensor:
    """Matrix of an aligned-corner linear resize, shifted by each of three taps.

    Returns:
        (target, source·3), or (target, 3·source) with `shifts_first`; rows beyond the border
        are 0, which is the convolution's padding.
    """
    with torch.inference_mode(False):
        unit = torch.eye(source).unsqueeze(0)  # One channel per source position.
        resize_ts = F.interpolate(unit, size=target, mode="linear", align_corners=True)[0].T
        padded = F.pad(resize_ts, (0, 0, 1, 1))
        shifted = torch.stack([padded[1 + s : 1 + s + target] for s in SHIFTS], 1)  # (t, 3, s)
        return (shifted if shifts_first else shifted.transpose(1, 2)).flatten(1)
