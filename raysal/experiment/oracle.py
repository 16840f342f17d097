"""Who answers a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, NONE, LabelledImage
from raysal.data.sets.base import Dataset, Item
from raysal.errors import DataError
from raysal.experiment.click_cost import region_clicks
from raysal.experiment.noise import NoiseConfig, noisy_label
from raysal.experiment.query import Ask, Rectangle, by_image


class Oracle(Protocol):
    """Gives labels for what is asked, and says what they cost."""

    def answer(self, asks: Sequence[Ask]) -> Iterable[LabelledImage]:
        """One labelled image for every image that is asked for, in order of id."""

    def clicks(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        """Clicks that labelling each rectangle takes; None if that is not known beforehand."""


class SimulatedOracle:
    """Answers from the data set's own masks, with mistakes if `noise` says so.

    Args:
        seed: what the mistakes are drawn from: once per image, for all rounds.
    """

    def __init__(self, dataset: Dataset, noise: NoiseConfig | None = None, seed: int = 0) -> None:
        self.dataset, self.noise, self.seed = dataset, noise, seed

    def answer(self, asks: Sequence[Ask]) -> Iterator[LabelledImage]:
        """What the annotator says inside what was asked, unknown outside.

        Raises:
            DataError: a mask that is missing or wrong, or an image that is not of the data set.
        """
        for image_id, rectangles in sorted(by_image(asks).items()):
            said = self._truth(image_id)
            if self.noise is not None:
                classes = len(self.dataset.class_names)
                said = noisy_label(said, classes, self.noise, self.seed, image_id)
            source = np.full(said.shape, NONE, np.uint8)
            for row, col, height, width in rectangles:
                source[row : row + height, col : col + width] = ANNOTATOR
            label = np.where(source == ANNOTATOR, said, np.uint8(IGNORE))
            yield LabelledImage(image_id, label, source)

    def clicks(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        """Clicks that it takes to draw the ground truth in each rectangle."""
        truth = self._truth(image_id)
        return [region_clicks(truth, *rectangle) for rectangle in rectangles]

    def _truth(self, image_id: str) -> np.ndarray:
        if image_id not in self._items:
            raise DataError(
                f"the query asks for '{image_id}', which is not in the train split of "
                f"{self.dataset.name}"
            )
        return self.dataset.label(self._items[image_id])

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.image_id: item for item in self.dataset.items("train")}
