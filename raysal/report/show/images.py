"""The images that are shown, with what is known of their classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from raysal.curate.evaluate import match_classes
from raysal.curate.evaluation_data import LabelledData
from raysal.curate.evaluation_run import load_run
from raysal.data.decode import IGNORE
from raysal.data.labels import labelled_ids, read_merged
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.sets.base import SPLITS, Dataset, Item
from raysal.errors import DataError, RaysalError, RunError, did_you_mean
from raysal.experiment.query import read_query
from raysal.report.show.models import RunRound, ShownModel

BY_DEFAULT = 3


@dataclass(frozen=True)
class ShownImage:
    """An image.

    Attributes:
        data: its file.
        max_megapixels: larger images are refused.
        truth: uint8 (H, W) class ids of the model at any size, 255 unknown; None if nothing is
            known.
        truth_is_label: whether `truth` is what an annotator drew and nothing better is known.
        in_data: whether it is an image of the run, and not a file.
    """

    image_id: str
    data: bytes
    max_megapixels: float
    truth: np.ndarray | None
    truth_is_label: bool = False
    in_data: bool = True


class Images:
    """Images by id, of a data set or of the run of a model, and files.

    Args:
        model: the first one that is shown.
        data: labelled data that are given for it; None for those of its run.
        max_megapixels: of files.
    """

    def __init__(
        self,
        model: ShownModel,
        data: LabelledData | None = None,
        overrides: Sequence[str] = (),
        max_megapixels: float = MAX_MEGAPIXELS,
    ) -> None:
        self.model, self.max_megapixels = model, max_megapixels
        self.of = model.of if data is None else None
        self.notes: list[str] = []
        self._data = self._of_run(self.of, overrides) if self.of is not None else data

    def find(self, wanted: Sequence[str]) -> Iterator[ShownImage]:
        """The images, one after the other; by default those that the round queried first.

        Args:
            wanted: ids, or files where there is no such id.

        Raises:
            DataError: there is no such image, or it cannot be read.
        """
        for name in wanted or self._by_default():
            yield self._find(name)

    def _find(self, name: str) -> ShownImage:
        if name in self._items:
            return self._of_data(self._items[name])
        if name in self._pooled:
            return self._of_pool(name)
        path = Path(name)
        if path.is_file():
            return ShownImage(name, path.read_bytes(), self.max_megapixels, None, in_data=False)
        if not self._items and not self._pooled:
            raise DataError(
                f"no image file '{name}', and the model is of no run whose images have ids; give "
                "a file, or --data"
            )
        raise DataError(
            f"no image '{name}': neither an id of {self._where} nor a file"
            f"{did_you_mean(name, [*self._items, *self._pooled])}"
        )

    def _by_default(self) -> Sequence[str]:
        if self.of is not None and self.of.here.query_file.exists():
            asked = (ask.image_id for ask in read_query(self.of.here.query))
            return list(dict.fromkeys(asked))[:BY_DEFAULT]
        labelled = [i for i, item in self._items.items() if item.label is not None]
        if not labelled and self.of is not None:
            labelled = list(self._labelled_first(self.of))
        if not labelled:
            raise DataError("no image is given; name some by id, or give files")
        return labelled[-BY_DEFAULT:]  # Of the test split, if there is one.

    def _labelled_first(self, of: RunRound) -> Iterator[str]:
        """What people have labelled, the images to measure on last."""
        for query in reversed(of.layout.all_queries(of.index)):
            if query.labels_file.exists():
                yield from labelled_ids(query.labels)

    @property
    def _where(self) -> str:
        if self.of is not None:
            return f"the images of {self.of.layout.root}"
        return "the data" if self._data is None else self._data.name

    # --- Of a data set ----------------------------------------------------------------------

    @cached_property
    def _dataset(self) -> Dataset | None:
        return (
            None
            if self._data is None
            else self._data.dataset(self.model.loaded.working_size, self.model.loaded.tile)
        )

    @cached_property
    def _class_of(self) -> np.ndarray:
        """The model's id of each id in the masks of the data set."""
        assert self._dataset is not None
        columns = match_classes(self.model.loaded.class_names, self._dataset, self.model.path)
        table = np.full(256, IGNORE, np.uint8)
        table[: len(columns)] = columns
        return table

    @cached_property
    def _items(self) -> Mapping[str, Item]:
        """By id; where two splits have the same id, the first of train, val and test."""
        found: dict[str, Item] = {}
        if self._dataset is None:
            return found
        try:
            for split in SPLITS:
                for item in self._dataset.items(split):
                    found.setdefault(item.image_id, item)
        except DataError:
            if self.of is None:
                raise
            return {}  # The pool of the run has images, too.
        return found

    def _of_data(self, item: Item) -> ShownImage:
        assert self._dataset is not None
        data, limit = self._dataset.image_bytes(item), self._dataset.max_megapixels
        if item.label is not None:
            truth = self._class_of[self._dataset.corrected_label(item)]
            return ShownImage(item.image_id, data, limit, truth)
        drawn = self._drawn(item.image_id)
        return ShownImage(item.image_id, data, limit, drawn, truth_is_label=drawn is not None)

    # --- Of a run ---------------------------------------------------------------------------

    def _of_run(self, of: RunRound, overrides: Sequence[str]) -> LabelledData | None:
        try:
            return load_run(of.layout.root, overrides)
        except RunError:  # Nothing to measure on yet; the data set is there all the same.
            data = of.config.data
            return LabelledData(str(of.layout.root), data, of.config.engine, "auto")

    @cached_property
    def _pool(self) -> Pool | None:
        try:
            return None if self.of is None else Pool.open(str(self.of.layout.pool), IN_A_RUN)
        except RaysalError:
            return None

    @cached_property
    def _pooled(self) -> frozenset[str]:
        return frozenset() if self._pool is None else frozenset(self._pool.ids())

    def _of_pool(self, image_id: str) -> ShownImage:
        assert self._pool is not None
        self._note_missing()
        (row,) = self._pool.fetch([image_id])
        drawn = self._drawn(image_id)
        limit = row.max_megapixels
        return ShownImage(image_id, row.data, limit, drawn, truth_is_label=drawn is not None)

    def _note_missing(self) -> None:
        """Say why images are shown without ground truth."""
        reason = "the data set has some images no more"
        try:
            assert self._dataset is not None
            self._dataset.check()
        except DataError as error:
            reason = str(error)
        note = f"no ground truth, images are those of the run's pool: {reason}"
        if note not in self.notes:
            self.notes.append(note)

    def _drawn(self, image_id: str) -> np.ndarray | None:
        """What annotators drew in an image, in this round's query or before; None if nothing."""
        if self.of is None:
            return None
        queries = self.of.layout.all_queries(self.of.index + 1)
        folders = [query.labels for query in queries if query.labels_file.exists()]
        found = read_merged(folders, [image_id]).get(image_id)
        return None if found is None else found.label
