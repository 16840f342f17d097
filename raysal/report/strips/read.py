"""What lies behind a query: per image the truth, the prediction and where the model was wrong.

The model that asked for the images predicts them once more; nothing is taken from its scores
but their values, so a strip shows what the weights on disk do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysal.data.decode import IGNORE, decode_image, resize_mask
from raysal.data.labels import read_labels
from raysal.data.pool.reader import Pool
from raysal.report.runs.asked import Asked, Box, asked_round, read_asked
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.truth import Truths
from raysal.report.strips.region_labels import RegionLabels, most_extended, read_region_labels

if TYPE_CHECKING:
    from raysal.models.checkpoint import LoadedModel

WITH_EXTENDED = 3


@dataclass(frozen=True)
class Strip:
    """One queried image as its round's model saw it, at the model's input size (H, W).

    Attributes:
        score: the acquisition's value for it (of its best region); None where it gives none.
        regions: (row, col, height, width) in pixels of what was asked; empty for a whole image.
        labels: what came of the regions; None for a whole image.
        image: uint8 (H, W, 3).
        truth: uint8 (H, W) class ids, 255 where nothing is known. Of a whole image what the
            annotator said; of one with regions the data set's, or the labels' where
            `labels.truth_whole` is false.
        prediction: uint8 (H, W) class ids.
        difficulty: float32 (H, W) in [0, 1]; None without that branch.
    """

    run: RunData
    round: int
    image_id: str
    score: float | None
    regions: tuple[Box, ...]
    labels: RegionLabels | None
    image: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    difficulty: np.ndarray | None
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    @property
    def wrong_share(self) -> float | None:
        """Share of the pixels with known truth that are predicted wrong; None without any."""
        return wrong_share(self.prediction, self.truth)


def wrong_share(said: np.ndarray, truth: np.ndarray) -> float | None:
    """Share of what is said, where the truth is known too, that is wrong; None without any."""
    both = (said != IGNORE) & (truth != IGNORE)
    return float((said != truth)[both].mean()) if both.any() else None


def missing_for_strips(run: RunData) -> str | None:
    """Why `run` can have no strips, in one sentence, or None if it can."""
    data = asked_round(run)
    if data is None:
        return "no recorded round has a query"
    needed = {
        "its model": data.layout.model_file,
        "its labels": data.layout.labels_file,
        "the pool": run.layout.pool,
    }
    absent = [what for what, path in needed.items() if not path.exists()]
    return f"{' and '.join(absent)} of round {data.index} are not there" if absent else None


def read_strips(run: RunData, count: int, truths: Truths | None = None) -> Iterator[Strip]:
    """`count` images of the last round's query: the first, then those with most regions.

    Of three or more, the last is the one with most extended labels. Whole images stand in order
    of choice. Only for runs of which `missing_for_strips` says None. One decoded image at a time.

    Raises:
        DataError, PoolError, CheckpointError: damaged files, or an image no longer in the pool.
    """
    # Imports torch, which a report without these pictures does not need.
    from raysal.models.checkpoint import load_model

    data = asked_round(run)
    assert data is not None
    asked = read_asked(data)
    asked = {image_id: asked[image_id] for image_id in _chosen(run, data, asked, count)}
    loaded = load_model(data.layout.model)
    size = loaded.size
    answers = {
        labelled.image_id: labelled.label for labelled in read_labels(data.layout.labels, asked)
    }
    regions = {
        image_id: tuple(box for box in ask.boxes if box[2:] != size)
        for image_id, ask in asked.items()
    }
    partly = {image_id: asked[image_id] for image_id, boxes in regions.items() if boxes}
    labels = read_region_labels(run, data, partly, size, truths or Truths()) if partly else {}
    rows = {row.image_id: row for row in Pool.open(str(run.layout.pool)).fetch(asked)}
    for image_id, ask in asked.items():
        image = decode_image(rows[image_id].data, size, rows[image_id].max_megapixels)
        prediction, difficulty = _predict(loaded, image)
        found = labels.get(image_id)
        if found is not None:
            truth = found.truth
        elif image_id in answers:
            truth = resize_mask(answers[image_id], size)
        else:  # An annotator may leave an image out.
            truth = np.full(size, IGNORE, np.uint8)
        yield Strip(
            run=run,
            round=data.index,
            image_id=image_id,
            score=ask.scores[0],
            regions=regions[image_id],
            labels=found,
            image=image,
            truth=truth,
            prediction=prediction,
            difficulty=difficulty,
            class_names=loaded.class_names,
            palette=loaded.palette,
        )


def _chosen(run: RunData, data: RoundData, asked: Mapping[str, Asked], count: int) -> list[str]:
    ids = list(asked)
    most = sorted(ids[1:], key=lambda i: -len(asked[i].boxes))  # Else in order of choice.
    chosen = [*ids[:1], *most][:count]
    if len(chosen) >= WITH_EXTENDED:
        extended = most_extended(run, data, asked)
        if extended is not None and extended not in chosen:
            chosen[-1] = extended
    return chosen


def _predict(loaded: LoadedModel, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    from raysal.inference.predict import predict, to_tensor

    prediction = predict(loaded.model, to_tensor([image]), precision="fp32")
    classes_HW = prediction.probabilities_BCHW[0].argmax(0).byte().cpu().numpy()
    difficulty_BHW = prediction.difficulty_BHW
    if difficulty_BHW is None:
        return classes_HW, None
    return classes_HW, difficulty_BHW[0].float().cpu().numpy()
