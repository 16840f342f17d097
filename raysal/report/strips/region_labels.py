"""Labels of images with queried regions: ground truth, annotator's labels, extended labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import ANNOTATOR, EXTENDED, LabelledImage, read_labels, read_merged
from raysal.report.runs.asked import Asked
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.truth import Truths


@dataclass(frozen=True)
class RegionLabels:
    """Maps (H, W) of one image after its query was answered.

    Attributes:
        scores: of the regions, best first.
        truth: uint8 class ids, 255 unknown.
        truth_whole: whether `truth` is from the data set; otherwise it is `label`.
        delivered: bool, the pixels that annotators looked at.
        label: uint8 class ids from annotators, 255 elsewhere.
        extended: uint8 class ids of extended pixels, 255 elsewhere; None without extension.
    """

    scores: tuple[float | None, ...]
    truth: np.ndarray
    truth_whole: bool
    delivered: np.ndarray
    label: np.ndarray
    extended: np.ndarray | None


def read_region_labels(
    run: RunData,
    data: RoundData,
    asked: Mapping[str, Asked],
    size: tuple[int, int],
    truths: Truths,
    whole: tuple[int, int] | None = None,
) -> dict[str, RegionLabels]:
    """Labels of the images in `asked` after the query of round `data`, by image.

    Args:
        asked: the query by image.
        size: (height, width) to resize all maps to.
        whole: the working size, if that is another one.

    Raises:
        DataError: a label store is damaged.
    """
    layout = run.layout
    stores = [folder for folder in layout.label_folders(data.index + 1) if folder.is_dir()]
    given = read_merged(stores, asked)
    extensions = layout.extended(data.index + 1)
    extended = {new.image_id: new for folder in extensions for new in read_labels(folder, asked)}
    found, whole = {}, whole or size
    for image_id, ask in asked.items():
        delivered = _where(given.get(image_id), ANNOTATOR, size)
        label = _labels(given.get(image_id), delivered, size)
        added = _where(extended.get(image_id), EXTENDED, size)
        truth = truths.label(run, image_id)
        found[image_id] = RegionLabels(
            scores=tuple(
                s for s, box in zip(ask.scores, ask.boxes, strict=True) if box[2:] != whole
            ),
            truth=label if truth is None else resize_mask(truth, size),
            truth_whole=truth is not None,
            delivered=delivered,
            label=label,
            extended=_labels(extended.get(image_id), added, size) if extensions else None,
        )
    return found


def most_extended(run: RunData, data: RoundData, asked: Collection[str]) -> str | None:
    """The image of `asked` with the most extended pixels after round `data`; None without any."""
    best: tuple[int, str] | None = None
    for folder in run.layout.extended(data.index + 1):
        for labelled in read_labels(folder, asked):
            pixels = int((labelled.source == EXTENDED).sum())
            if pixels and (best is None or pixels > best[0]):
                best = pixels, labelled.image_id
    return None if best is None else best[1]


def _where(labelled: LabelledImage | None, source: int, size: tuple[int, int]) -> np.ndarray:
    """bool (H, W): the pixels whose label is from `source`."""
    if labelled is None:
        return np.zeros(size, bool)
    return resize_mask(labelled.source, size) == source


def _labels(labelled: LabelledImage | None, where: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if labelled is None:
        return np.full(size, IGNORE, np.uint8)
    return np.where(where, resize_mask(labelled.label, size), np.uint8(IGNORE))
