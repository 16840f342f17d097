"""Noise on scores: a batch of the best, drawn rather than cut off at the top.

The images with the highest scores tend to be alike. Adding Gumbel noise to a score and taking the
top k draws k images without replacement, an image's chance growing with its score (Kirsch et al.,
"Stochastic Batch Acquisition", TMLR 2023, whose other idea, to look at a random part of the pool
only, is `al.candidate_ratio`). It costs nothing and is hard to beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import PositiveFloat

from raysal.config.seed import uniform
from raysal.config.settings import Frozen

if TYPE_CHECKING:
    from torch import Tensor


class Stochastic(Frozen):
    """What is added to the score of an image, whatever strategy it comes from."""

    kind: Literal["power", "softmax"] = "power"
    """An image's chance grows with the score to the power of `beta`, or with the exponential of
    `beta` times the score."""
    beta: PositiveFloat = 1.0
    """Coldness: the larger, the less noise."""

    @property
    def prefix(self) -> str:
        """For figures and tables: `Power` or `Softmax`, with beta where it is not 1."""
        return self.kind.capitalize() + ("" if self.beta == 1 else f" (beta {self.beta:g})")

    def __call__(
        self, scores_B: Tensor, image_ids: tuple[str, ...], seed: int, round_index: int
    ) -> Tensor:
        """(B,) float64 `log s + g/beta` or `s + g/beta`, g Gumbel by (seed, round, image id)."""
        import torch

        lots = np.array([uniform("gumbel", seed, round_index, i) for i in image_ids])
        gumbel_B = torch.from_numpy(-np.log(-np.log(np.clip(lots, 1e-300, 1 - 1e-16))))
        scores_B = scores_B.double().cpu()
        if self.kind == "power":
            # A score of 0 has no chance against any other, but it is a number: logarithms of
            # float32 are above -104, and noise is between -7 and 37.
            scores_B = scores_B.log().clamp(min=-104 - 44 / self.beta)
        return scores_B + gumbel_B / self.beta
