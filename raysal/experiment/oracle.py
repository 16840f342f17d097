"""Oracles: they answer queries with labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, NONE, LabelledImage, write_labels
from raysal.data.sets.base import Dataset, Item
from raysal.errors import DataError
from raysal.experiment.click_cost import region_clicks
from raysal.experiment.noise import noisy_label
from raysal.experiment.noise_config import NoiseConfig
from raysal.experiment.query import Ask, Rectangle, by_image


class Oracle(Protocol):
    """Labels what a query asks for, and knows the cost."""

    def unanswered(self, query: str, asks: Sequence[Ask]) -> Sequence[str]:
        """Ids of the images that are still to be labelled, so that the run has to wait.

        Args:
            query: its name, see `QueryLayout.name`.
        """

    def label(self, query: str, asks: Sequence[Ask], draft: Path) -> None:
        """Write the label store of an answered query into a folder."""

    def clicks(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        """Clicks to label each rectangle; None if unknown in advance."""


class SimulatedOracle:
    """Answers with the masks of the data set, with the mistakes of `noise`.

    Args:
        seed: seed of the mistakes, which are the same in all rounds.
    """

    def __init__(self, dataset: Dataset, noise: NoiseConfig | None = None, seed: int = 0) -> None:
        self.dataset, self.noise, self.seed = dataset, noise, seed

    def unanswered(self, query: str, asks: Sequence[Ask]) -> Sequence[str]:
        """None: the answer is there at once."""
        return ()

    def label(self, query: str, asks: Sequence[Ask], draft: Path) -> None:
        """Write the answer of `answer`."""
        write_labels(draft, self.answer(asks))

    def answer(self, asks: Sequence[Ask]) -> Iterator[LabelledImage]:
        """Labels inside the rectangles of the query; other pixels are unknown.

        Raises:
            DataError: a mask is missing or damaged, or an image is not in the data set.
        """
        for image_id, rectangles in sorted(by_image(asks).items()):
            answer = self._answer(image_id)
            source = np.full(answer.shape, NONE, np.uint8)
            for row, col, height, width in rectangles:
                source[row : row + height, col : col + width] = ANNOTATOR
            label = np.where(source == ANNOTATOR, answer, np.uint8(IGNORE))
            yield LabelledImage(image_id, label, source)

    def clean(self, image_ids: Iterable[str]) -> Iterator[LabelledImage]:
        """Whole images without mistakes; errors as in `answer`."""
        for image_id in sorted(image_ids):
            truth = self._truth(image_id)
            yield LabelledImage(image_id, truth, np.full(truth.shape, ANNOTATOR, np.uint8))

    def clicks(self, image_id: str, rectangles: Sequence[Rectangle]) -> list[int | None]:
        """Clicks to draw the ground truth in each rectangle."""
        truth = self._truth(image_id)
        return [region_clicks(truth, *rectangle) for rectangle in rectangles]

    def _answer(self, image_id: str) -> np.ndarray:
        """The whole label. What was corrected is not mistaken again, and the mistakes elsewhere are
        those that were made without corrections."""
        item = self._item(image_id)
        if self.noise is None:
            return self.dataset.label(item)
        classes = len(self.dataset.class_names)
        label = self.dataset.uncorrected(item)
        answer = noisy_label(label, classes, self.noise, self.seed, image_id)
        correction = self.dataset.correction(item)
        return answer if correction is None else correction.put_on(answer)

    def _truth(self, image_id: str) -> np.ndarray:
        return self.dataset.label(self._item(image_id))

    def _item(self, image_id: str) -> Item:
        if image_id not in self._items:
            raise DataError(
                f"the query asks for '{image_id}', which is not in the train split of "
                f"{self.dataset.name}; restore the image and its mask"
            )
        return self._items[image_id]

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.image_id: item for item in self.dataset.items("train")}
