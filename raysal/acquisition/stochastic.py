"""Noise on scores: sample a batch by score instead of taking the top k.

The images with the highest scores tend to be alike. Adding Gumbel noise to each score and taking
the top k samples k images without replacement, with a probability that grows with the score
(Kirsch et al., "Stochastic Batch Acquisition", TMLR 2023). It costs almost nothing and, in that
paper, does as well as far more expensive batch methods. `al.candidate_ratio` also adds diversity:
only a random part of the pool is scored.
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
    """Noise that can be added to the scores of any strategy."""

    kind: Literal["power", "softmax"] = "power"
    """Images are sampled in proportion to score^beta (`power`) or exp(beta * score)
    (`softmax`)."""
    beta: PositiveFloat = 1.0
    """Inverse temperature: the larger, the less noise."""

    @property
    def prefix(self) -> str:
        """For figures and tables: `Power` or `Softmax`, with beta if it is not 1."""
        return self.kind.capitalize() + ("" if self.beta == 1 else f" (beta {self.beta:g})")

    def __call__(
        self, scores_B: Tensor, image_ids: tuple[str, ...], seed: int, round_index: int
    ) -> Tensor:
        """(B,) float64 log(s) + g / beta (`power`) or s + g / beta (`softmax`), from scores s.

        The Gumbel noise g of an image is derived from (seed, round, image id).
        """
        import torch

        uniform_B = np.array([uniform("gumbel", seed, round_index, i) for i in image_ids])
        gumbel_B = torch.from_numpy(-np.log(-np.log(np.clip(uniform_B, 1e-300, 1 - 1e-16))))
        scores_B = scores_B.double().cpu()
        if self.kind == "power":
            # For a score of 0, a finite number that is below every positive score even with noise:
            # logarithms of positive float32 are above -104, and g is between -7 and 37.
            scores_B = scores_B.log().clamp(min=-104 - 44 / self.beta)
        return scores_B + gumbel_B / self.beta
