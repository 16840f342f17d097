"""Random selection, balanced over the classes that the model predicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs
from raysal.config.seed import uniform

if TYPE_CHECKING:
    from torch import Tensor

# A class that is rarer among the labels counts as if it were one in so many times C pixels.
RAREST = 1000


class BalancedRandom(Strategy):
    """Random images, drawn so that every class is predicted equally often: a stronger rival than
    plain random selection, which shows rare classes rarely.

    It is as if a class were drawn first, all with the same probability, and then an image in
    proportion to its pixels that are predicted to be of this class. How many pixels the pool has
    of a class is estimated by the labels that the model was trained on, so that an image's score
    does not depend on other images: with s_c the share of class c in the image's
    prediction and f_c that among the labels, the weight of an image is w = Σ_c s_c / f_c. Images
    are drawn without replacement in proportion to w by their scores w / e, where e is an
    exponential random number derived from (seed, round, image id) (Efraimidis & Spirakis 2006).

    nnActive (Lüth et al. 2025) shows that selection strategies must be compared with random
    selection that is aware of the foreground; it draws a class, then a patch that contains it.
    """

    source: ClassVar[str] = "after Lüth et al. 2025 (nnActive)"
    name: Literal["balanced_random"] = "balanced_random"

    @property
    def needs(self) -> Needs:
        """Class probabilities, and the classes of the labels so far."""
        return Needs(probabilities=True, class_pixels=True)

    @property
    def draws_lots(self) -> bool:
        """Always."""
        return True

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) float64, above 0."""
        import torch

        from raysal.acquisition import maps

        share_BC = maps.class_shares(batch.probabilities()).cpu()
        pixels_C = torch.tensor(batch.class_pixels(), dtype=torch.float64)
        often_C = (pixels_C / pixels_C.sum()).clamp(min=1 / (RAREST * len(pixels_C)))
        weight_B = (share_BC / often_C).sum(1)
        numbers = [uniform("balanced", batch.seed, batch.round_index, i) for i in batch.image_ids]
        waits_B = [-math.log1p(-number) + 1e-300 for number in numbers]
        return weight_B / torch.tensor(waits_B, dtype=torch.float64)
