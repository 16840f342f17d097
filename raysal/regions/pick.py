"""Pick the regions to query in an image from its uncertainty map."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from raysal.regions.config import RegionConfig
from raysal.regions.kernel import profile
from raysal.regions.region import Region
from raysal.regions.response import Kernel, response, response_in_bands
from raysal.regions.suppress import suppress

NEW_SHARE = 0.5


class RegionPicker:
    """Picks Gaussian-attended regions from maps of one size (CPRAL, section 3.2).

    Args:
        size: (height, width) of the maps.
        large: maps are of scenes: float32 on the CPU, and spent in picking, so that no second one
            is in memory.
    """

    def __init__(self, config: RegionConfig, size: tuple[int, int], large: bool = False) -> None:
        assert not (large and config.on_shortfall == "overlap"), "the map is needed again"
        self.config, self.size, self.large = config, size, large
        self.window = config.window(size)
        rows, cols = self.window
        sigma, kernel = config.sigma, config.kernel
        self._kernel: Kernel = profile(rows, sigma, kernel), profile(cols, sigma, kernel)
        self._box: Kernel = profile(rows, kernel="box"), profile(cols, kernel="box")

    def __call__(self, map_HW: Tensor, known_HW: np.ndarray | None = None) -> list[Region]:
        """The regions of an image: first disjoint, then overlapping ones, each best first.

        Args:
            map_HW: (H, W) uncertainty, 0 or more.
            known_HW: bool, pixels that are labelled already; they count as 0.
        """
        covered_HW = np.zeros(self.size, bool) if known_HW is None else known_HW.copy()
        regions = list(self._disjoint(map_HW, covered_HW))
        if self.config.on_shortfall == "overlap":
            regions += self._overlapping(map_HW, covered_HW)
        return regions

    def _disjoint(self, map_HW: Tensor, covered_HW: np.ndarray) -> Iterator[Region]:
        if self.large:
            found = response_in_bands(map_HW, covered_HW, self._kernel, self.config.border)
            response_PP = found.numpy()
        else:
            response_PP = self.responses(map_HW, covered_HW)
        for row, col, score in suppress(response_PP, self.window, spend=self.large):
            yield self._take(row, col, score, covered_HW, spare=False)

    def _overlapping(self, map_HW: Tensor, covered_HW: np.ndarray) -> Iterator[Region]:
        """Windows at least half new, scored by their new pixels; updates `covered_HW`."""
        area = self.window[0] * self.window[1]
        while True:
            response_PP = self.responses(map_HW, covered_HW)
            new_HW = torch.from_numpy(~covered_HW)
            new_PP = response(new_HW, self._box, self.config.border).numpy()
            response_PP[new_PP < NEW_SHARE * area] = -np.inf
            best = next(suppress(response_PP, self.window), None)
            if best is None:
                return
            yield self._take(*best, covered_HW, spare=True)

    def responses(self, map_HW: Tensor, covered_HW: np.ndarray) -> np.ndarray:
        """(P, P') response of the kernel at every position, see `response`.

        Args:
            covered_HW: bool, pixels that count as 0.
        """
        covered = torch.from_numpy(covered_HW).to(map_HW.device)
        worth_HW = map_HW.masked_fill(covered, 0.0)
        return response(worth_HW, self._kernel, self.config.border).cpu().numpy()

    def _take(
        self, row: int, col: int, score: float, covered_HW: np.ndarray, spare: bool
    ) -> Region:
        height, width = self.window
        if self.config.border == "clip":  # From centre to corner, clipped below.
            row, col = row - height // 2, col - width // 2
        bottom, right = min(row + height, self.size[0]), min(col + width, self.size[1])
        row, col = max(row, 0), max(col, 0)
        window_HW = covered_HW[row:bottom, col:right]
        new = int(window_HW.size - window_HW.sum())
        window_HW[:] = True
        return Region(row, col, bottom - row, right - col, score, new, spare)
