"""Read what strips show: queried images with their ground truth, and the model's prediction.

The model of the round predicts the images again, from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysal.data.decode import IGNORE, decode_image, resize_mask
from raysal.data.labels import read_labels
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene, reduced_size
from raysal.data.visible import visible
from raysal.experiment.answered import read_answered
from raysal.report.runs.asked import Asked, Box, asked_round, read_asked
from raysal.report.runs.read import RoundData, RunData
from raysal.report.runs.truth import Truths
from raysal.report.strips.region_labels import RegionLabels, most_extended, read_region_labels

if TYPE_CHECKING:
    from raysal.models.checkpoint import LoadedModel

SCENE_SIDE = 1600
"""Pixels of the long side of a scene, as it is shown."""
WITH_EXTENDED = 3
"""From this number of strips on, the last one shows extended labels."""


@dataclass(frozen=True)
class Strip:
    """One queried image at the input size (H, W) of the model that queried it; a scene that is read
    in tiles, reduced to a long side of `SCENE_SIDE`.

    Attributes:
        score: of the image, or of its best region; None if the strategy gives none.
        regions: (row, column, height, width) of the regions in pixels; empty for a whole image.
        labels: the labels of the regions; None for a whole image.
        image: uint8 (H, W, 3) RGB, as people can look at it.
        truth: uint8 (H, W) class ids, 255 unknown. For a whole image from the annotator, for an
            image with regions from the data set, or from the labels if `labels.truth_whole` is
            false.
        truth_is_label: whether `truth` is what an annotator drew and nothing better is known.
        prediction: uint8 (H, W) class ids.
        difficulty: float32 (H, W) in [0, 1]; None if the model has no difficulty branch.
    """

    run: RunData
    round: int
    image_id: str
    score: float | None
    regions: tuple[Box, ...]
    labels: RegionLabels | None
    image: np.ndarray
    truth: np.ndarray
    truth_is_label: bool
    prediction: np.ndarray
    difficulty: np.ndarray | None
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    @property
    def wrong_share(self) -> float | None:
        """Share of wrong pixels among those with known truth; None if there are none."""
        return wrong_share(self.prediction, self.truth)


def wrong_share(said: np.ndarray, truth: np.ndarray) -> float | None:
    """Share of wrong pixels among those with a class in both maps; None if there are none."""
    both = (said != IGNORE) & (truth != IGNORE)
    return float((said != truth)[both].mean()) if both.any() else None


def missing_for_strips(run: RunData) -> str | None:
    """Why no strips of `run` can be drawn; None if they can."""
    data = asked_round(run)
    if data is None:
        return "no round has a query that was answered"
    needed = {
        "its model": data.layout.model_file,
        "its labels": data.layout.labels_file,
        "the pool": run.layout.pool,
    }
    absent = [what for what, path in needed.items() if not path.exists()]
    if absent:
        return f"{' and '.join(absent)} of round {data.index} are missing"
    states = _states(data)
    if states and not _labelled(states):
        return f"no image of the query of round {data.index} was labelled"
    return None


def read_strips(run: RunData, count: int, truths: Truths | None = None) -> Iterator[Strip]:
    """Strips of `count` images of the last query.

    The first image of the query comes first, then those with the most regions, or whole images in
    the order of the query. The last of three or more is the image with the most extended labels.
    Images that people were asked for and did not label are left out. `missing_for_strips` must be
    None for the run. One decoded image is in memory at a time.

    Raises:
        DataError, PoolError, CheckpointError: damaged files, or an image is not in the pool.
    """
    # Imported here because a report without strips does not need torch.
    from raysal.models.checkpoint import load_model

    data = asked_round(run)
    assert data is not None
    asked, states = read_asked(data), _states(data)
    if states:
        asked = {image_id: asked[image_id] for image_id in asked if image_id in _labelled(states)}
    asked = {image_id: asked[image_id] for image_id in _chosen(run, data, asked, count)}
    loaded = load_model(data.layout.model)
    whole = loaded.working_size
    size = whole if loaded.scene is None else reduced_size(whole, SCENE_SIDE)
    regions = {
        image_id: tuple(reduced_box(box, whole, size) for box in ask.boxes if box[2:] != whole)
        for image_id, ask in asked.items()
    }
    partly = {image_id: asked[image_id] for image_id, boxes in regions.items() if boxes}
    truths = truths or Truths()
    labels = read_region_labels(run, data, partly, size, truths, whole) if partly else {}
    answers = _answers(data, asked, size)
    rows = {row.image_id: row for row in Pool.open(str(run.layout.pool), IN_A_RUN).fetch(asked)}
    for image_id, ask in asked.items():
        row = rows[image_id]
        image, prediction, difficulty = _seen(loaded, row, size)
        found = labels.get(image_id)
        yield Strip(
            run=run,
            round=data.index,
            image_id=image_id,
            score=ask.scores[0],
            regions=regions[image_id],
            labels=found,
            image=visible(image, loaded.pixels.show),
            truth=answers[image_id] if found is None else found.truth,
            truth_is_label=states.get(image_id) == "labelled"
            if found is None
            else not found.truth_whole,
            prediction=prediction,
            difficulty=difficulty,
            class_names=loaded.class_names,
            palette=loaded.palette,
        )


def _states(data: RoundData) -> dict[str, str]:
    """What became of the images of a query, see `Answered`; empty if people were not asked."""
    return {row.image_id: row.state for row in read_answered(data.layout)}


def _labelled(states: Mapping[str, str]) -> set[str]:
    return {image_id for image_id, state in states.items() if state in ("labelled", "known")}


def _answers(
    data: RoundData, asked: Collection[str], size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """uint8 (H, W) class ids of `size` from annotators, by image; all 255 for skipped images."""
    unknown = np.full(size, IGNORE, np.uint8)
    found = {
        labelled.image_id: resize_mask(labelled.label, size)
        for labelled in read_labels(data.layout.labels, asked)
    }
    return {image_id: found.get(image_id, unknown) for image_id in asked}


def _chosen(run: RunData, data: RoundData, asked: Mapping[str, Asked], count: int) -> list[str]:
    ids = list(asked)
    most = sorted(ids[1:], key=lambda i: -len(asked[i].boxes))
    chosen = [*ids[:1], *most][:count]
    if len(chosen) >= WITH_EXTENDED:
        extended = most_extended(run, data, asked)
        if extended is not None and extended not in chosen:
            chosen[-1] = extended
    return chosen


def reduced_box(box: Box, whole: tuple[int, int], size: tuple[int, int]) -> Box:
    """A box of the working size in a picture of `size`; at least a pixel."""
    if whole == size:
        return box
    down, across = size[0] / whole[0], size[1] / whole[1]
    row, col, height, width = box
    return (
        min(size[0] - 1, int(row * down)),
        min(size[1] - 1, int(col * across)),
        max(1, round(height * down)),
        max(1, round(width * across)),
    )


def _seen(
    loaded: LoadedModel, row: PoolRow, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The picture, the classes and the difficulty at `size`; scenes are shown without the last."""
    if loaded.scene is None:
        image = decode_image(row.data, size, row.max_megapixels, loaded.pixels)
        return image, *_predict(loaded, image)
    from raysal.inference.own_size import predict_picture

    scene = Scene(row.source, loaded.working_size, loaded.pixels, row.max_megapixels)
    classes_HW = resize_mask(predict_picture(loaded, scene, precision="fp32").ids, size)
    return scene.resized(size).whole(), classes_HW, None


def _predict(loaded: LoadedModel, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    from raysal.inference.predict import predict, to_tensor

    prediction = predict(loaded.model, to_tensor([image]), precision="fp32")
    classes_HW = prediction.probabilities_BCHW[0].argmax(0).byte().cpu().numpy()
    difficulty_BHW = prediction.difficulty_BHW
    if difficulty_BHW is None:
        return classes_HW, None
    return classes_HW, difficulty_BHW[0].float().cpu().numpy()
