"""Corrected labels (`data.corrections`): checked before a run begins, and noted in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from raysal.data.decode import IGNORE
from raysal.data.sets.base import Dataset, Item
from raysal.data.sets.corrections import (
    SETTING,
    CorrectedImage,
    Correction,
    CorrectionList,
    listed,
)
from raysal.errors import DataError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.progress import Watch


def check_corrections(config: ExperimentConfig) -> None:
    """Check that each correction is of an image whose mask counts as a label, has its size, and
    holds ids of classes.

    Raises:
        DataError: one does not fit, or cannot be read; the message names it.
    """
    data = config.data
    if data.corrections is None:
        return
    from raysal.storage.foreign import named  # Loads pyarrow.

    corrected = data.corrected_by_id
    items = {item.image_id: item for item in data.items("train")}
    if unknown := sorted(set(corrected) - set(items)):
        raise DataError(
            f"{SETTING}: '{data.corrections}' has maps of {named(unknown)}, which "
            f"{'is' if len(unknown) == 1 else 'are'} not in the train split of {data.name}; maps "
            "are named by image ids"
        )
    known = data.known_ids() if config.oracle == "people" else _with_mask(items)
    if without := sorted(set(corrected) - known):
        raise DataError(
            f"{SETTING}: {named(without)}: there is no mask to correct; what people have labelled "
            "for a run becomes masks by `raysal annotate RUN --export FOLDER` and "
            "data.masks=FOLDER/masks"
        )
    for image_id, correction in corrected.items():
        _check(data, items[image_id], correction)


def note_corrections(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> None:
    """Tell the user what is corrected, and write it into the folder of a run."""
    data = config.data
    if data.corrections is None:
        return
    from raysal.storage.foreign import named  # Loads pyarrow.

    said = CorrectionList(
        source=data.corrections, class_names=data.class_names, images=tuple(_noted(data))
    )
    said.write(layout.root)
    pixels = sum(one.pixels or 0 for one in said.images)
    people = sorted({one.annotator for one in said.images} - {""})
    by = f", by {named(people)}" if people else ""
    images = "1 image" if len(said.images) == 1 else f"{len(said.images)} images"
    watch.say(f"{SETTING}: the labels of {images} are corrected, in {pixels:,} pixels{by}")


def _with_mask(items: dict[str, Item]) -> set[str]:
    return {image_id for image_id, item in items.items() if item.label is not None}


def _check(data: Dataset, item: Item, correction: Correction) -> None:
    ids = correction.ids()
    data.check_ids(np.where(correction.changed(), ids, np.uint8(IGNORE)), str(correction.mask))
    size = data.stored_size(item)
    if size is not None and size != ids.shape:
        raise DataError(
            f"{SETTING}: {correction.mask} is {ids.shape[0]}x{ids.shape[1]}, its image "
            f"{size[0]}x{size[1]} (height x width); corrected labels have the sizes of their images"
        )


def _noted(data: Dataset) -> Iterator[CorrectedImage]:
    assert data.corrections is not None
    export = listed(Path(data.corrections))
    about = {} if export is None else {one.image_id: one for one in export.images}
    for image_id, correction in sorted(data.corrected_by_id.items()):
        one = about.get(image_id) or CorrectedImage(image_id=image_id, file=correction.mask.name)
        pixels = int(np.count_nonzero(correction.changed()))
        yield one.model_copy(update={"pixels": pixels})
