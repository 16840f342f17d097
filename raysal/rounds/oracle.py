"""Who answers a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from raysal.data.dataset import Dataset
from raysal.data.decode import IGNORE
from raysal.data.labels import ANNOTATOR, NONE, LabelledImage
from raysal.errors import DataError
from raysal.rounds.query import Ask


class Oracle(Protocol):
    """Gives labels for what is asked."""

    def answer(self, asks: Sequence[Ask]) -> Iterable[LabelledImage]:
        """One labelled image for every image that is asked for, in order of id."""


class SimulatedOracle:
    """Answers from the data set's own masks."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def answer(self, asks: Sequence[Ask]) -> Iterator[LabelledImage]:
        """Ground truth inside what was asked, unknown outside.

        Raises:
            DataError: a mask that is missing or wrong, or an image that is not of the data set.
        """
        wanted: dict[str, list[Ask]] = {}
        for ask in asks:
            wanted.setdefault(ask.image_id, []).append(ask)
        items = {item.image_id: item for item in self.dataset.items("train")}
        for image_id in sorted(wanted):
            if image_id not in items:
                raise DataError(
                    f"the query asks for '{image_id}', which is not in the train split of "
                    f"{self.dataset.name}"
                )
            truth = self.dataset.label(items[image_id])
            source = np.full(truth.shape, NONE, np.uint8)
            for ask in wanted[image_id]:
                rows = slice(ask.row, ask.row + ask.height)
                source[rows, ask.col : ask.col + ask.width] = ANNOTATOR
            label = np.where(source == ANNOTATOR, truth, np.uint8(IGNORE))
            yield LabelledImage(image_id, label, source)
