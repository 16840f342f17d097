"""The input of a strategy.

Axes in names: B images, C classes, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from raysal.acquisition.needs import Need
from raysal.errors import StrategyError

if TYPE_CHECKING:
    from torch import Tensor

    from raysal.inference.predict import Prediction

T = TypeVar("T")


@dataclass(frozen=True)
class PoolBatch:
    """A batch of pool images.

    Strategies read it through its methods. Each returns the tensor that it is named after, or
    raises an error that names the strategy and what it lacks.

    Attributes:
        image_ids: B ids.
        seed, round_index: for strategies that use random numbers.
        prediction: output of one forward pass; None if it is not needed.
        votes_BHW: disagreement of dropout passes; None if it is not needed.
        class_pixels_C: labelled pixels of each of C classes that the model was trained on; None if
            it does not know.
        labelled_logits_B: the adversary's logits of "is labelled"; None without an adversary.
        reader: name of the strategy that reads the batch, for error messages.
        declared: what that strategy may read; None for everything.
    """

    image_ids: tuple[str, ...]
    seed: int
    round_index: int
    prediction: Prediction | None = None
    votes_BHW: Tensor | None = None
    labelled_logits_B: Tensor | None = None
    class_pixels_C: tuple[int, ...] | None = None
    reader: str = "a strategy"
    declared: frozenset[Need] | None = None

    def read_by(self, reader: str, declared: frozenset[Need]) -> PoolBatch:
        """The same batch for a strategy that may read only what it has declared."""
        return replace(self, reader=reader, declared=declared)

    def probabilities(self) -> Tensor:
        """(B, C, H, W) class probabilities.

        Raises:
            StrategyError: the strategy has not declared it, or the batch lacks it. All methods
                below raise this.
        """
        return self._given("probabilities", self._predicted("probabilities").probabilities_BCHW)

    def difficulty(self) -> Tensor:
        """(B, H, W) M^d, each pixel's probability of being misclassified (DEAL, section 3.2)."""
        return self._given("difficulty", self._predicted("difficulty").difficulty_BHW)

    def rating(self) -> Tensor:
        """(B,) predicted loss of each image, in the rating head's own unit."""
        return self._given("rating", self._predicted("rating").rating_B)

    def labelled_rating(self) -> Tensor:
        """Scalar: mean rating of the images that the model was trained on."""
        return self._given("rating", self._predicted("rating").labelled_rating)

    def votes(self) -> Tensor:
        """(B, H, W) disagreement of dropout passes, by the measure in the strategy's `needs`."""
        return self._given("votes", self.votes_BHW)

    def labelled_logits(self) -> Tensor:
        """(B,) the adversary's logits of "this image is labelled"."""
        return self._given("adversary", self.labelled_logits_B)

    def class_pixels(self) -> tuple[int, ...]:
        """(C,) labelled pixels of each class that the model was trained on, at least one in all."""
        return self._given("class_pixels", self.class_pixels_C)

    def _predicted(self, need: Need) -> Prediction:
        return self._given(need, self.prediction)

    def _given(self, need: Need, value: T | None) -> T:
        if self.declared is not None and need not in self.declared:
            raise StrategyError(
                f"strategy '{self.reader}' reads {need} without declaring it; add {need} to its "
                "`needs`"
            )
        if value is None:
            raise StrategyError(
                f"strategy '{self.reader}' reads {need}, which this batch lacks; score with a "
                f"model that provides {need}"
            )
        return value
