"""Ground truth of whole images, from the data sets of the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from raysal.config.load import validate
from raysal.config.seed import uniform
from raysal.data.decode import decode_mask, encode_png
from raysal.data.sets.base import Dataset, Item
from raysal.data.sets.registry import DatasetChoice
from raysal.errors import DataError, RaysalError
from raysal.report.runs.read import RunData

MEASURED_AT_MOST = 400
"""Maximum number of images per query or label folder that are compared with the truth."""


@dataclass
class _Source:
    """A data set and its images with masks, or why it cannot be used.

    Masks are cached as PNG, because rounds share images.
    """

    dataset: Dataset | None
    why_not: str
    items: dict[str, Item]
    read: dict[str, bytes | None] = field(default_factory=dict)


class Truths:
    """Masks of train splits, cached over rounds and runs."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def missing(self, run: RunData) -> str | None:
        """Why the ground truth of `run` is not available; None if it is."""
        source = self._source(run)
        return None if source.dataset is not None else source.why_not

    def known(self, run: RunData, image_ids: Iterable[str]) -> bool:
        """Whether the data set of `run` has a mask of any of these images."""
        items = self._source(run).items
        return any(image_id in items for image_id in image_ids)

    def label(self, run: RunData, image_id: str) -> np.ndarray | None:
        """uint8 (H, W) class ids at the working size, 255 unknown; None if not available."""
        source = self._source(run)
        if source.dataset is None or image_id not in source.items:
            return None
        if image_id not in source.read:
            try:
                mask = source.dataset.label(source.items[image_id])
            except DataError:
                source.read[image_id] = None
            else:
                source.read[image_id] = encode_png(mask)
        kept = source.read[image_id]
        return None if kept is None else decode_mask(kept)

    def _source(self, run: RunData) -> _Source:
        data = run.section("data") or {}
        key = repr((sorted(data.items(), key=str), run.class_names))
        if key not in self._sources:
            self._sources[key] = _open(run)
        return self._sources[key]


def sample(image_ids: Iterable[str]) -> list[str]:
    """Up to `MEASURED_AT_MOST` of the ids at random, as far as possible the same in all rounds."""
    return sorted(image_ids, key=lambda i: (uniform("report", i), i))[:MEASURED_AT_MOST]


def _open(run: RunData) -> _Source:
    try:
        where = str(run.layout.config)
        dataset = validate(DatasetChoice, {"data": run.config.get("data")}, where).data
        dataset.check()
        train = dataset.items("train")
        items = {item.image_id: item for item in train if item.label is not None}
    except (RaysalError, OSError) as error:
        return _Source(None, str(error), {})
    if dataset.class_names != run.class_names:
        return _Source(None, f"{dataset.name} has other classes than the run", {})
    return _Source(dataset, "", items)
