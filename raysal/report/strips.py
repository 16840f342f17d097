"""What lies behind a query: per image the truth, the prediction and where the model was wrong.

The model that asked for the images predicts them once more; nothing is taken from its scores
but their values, so a strip shows what the weights on disk do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
import torch

from raysal.data.decode import IGNORE, decode_image, resize_mask
from raysal.data.labels import FILE as LABELS_FILE
from raysal.data.labels import read_labels
from raysal.data.pool import Pool
from raysal.errors import DataError
from raysal.models.checkpoint import FILE as MODEL_FILE
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.report.read import RoundData, RunData
from raysal.training.steps import predict

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Strip:
    """One queried image as its round's model saw it, at the model's input size (H, W).

    Attributes:
        score: the acquisition's value for it (of its best region); None where it gives none.
        regions: (row, col, height, width) in pixels of what was asked; empty for a whole image.
        image: uint8 (H, W, 3).
        truth: uint8 (H, W) class ids, 255 where nothing is known.
        prediction: uint8 (H, W) class ids.
        difficulty: float32 (H, W) in [0, 1]; None without that branch.
    """

    run: RunData
    round: int
    image_id: str
    score: float | None
    regions: tuple[Box, ...]
    image: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    difficulty: np.ndarray | None
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]

    @property
    def wrong_share(self) -> float | None:
        """Share of the pixels with known truth that are predicted wrong; None without any."""
        known = self.truth != IGNORE
        return float((self.prediction != self.truth)[known].mean()) if known.any() else None


@dataclass(frozen=True)
class _Asked:
    score: float | None
    boxes: tuple[Box, ...]


def asked_round(run: RunData) -> RoundData | None:
    """The last recorded round that asked for labels; None if none did."""
    asked = [data for data in run.rounds if (data.folder / "query" / "query.parquet").is_file()]
    return asked[-1] if asked else None


def missing_for_strips(run: RunData) -> str | None:
    """Why `run` can have no strips, in one sentence, or None if it can."""
    data = asked_round(run)
    if data is None:
        return "no recorded round has a query"
    needed = {
        "its model": data.folder / "model" / MODEL_FILE,
        "its labels": data.folder / "labels" / LABELS_FILE,
        "the pool": run.folder / "pool",
    }
    absent = [what for what, path in needed.items() if not path.exists()]
    return f"{' and '.join(absent)} of round {data.index} are not there" if absent else None


def read_strips(run: RunData, count: int) -> Iterator[Strip]:
    """The first `count` images of the last round's query, which stands in order of choice.

    Only for runs of which `missing_for_strips` says None. One decoded image at a time.

    Raises:
        DataError, PoolError, CheckpointError: damaged files, or an image no longer in the pool.
    """
    data = asked_round(run)
    assert data is not None
    asked = _read_query(data, count)
    loaded = load_model(data.folder / "model")
    truths = {
        labelled.image_id: labelled.label for labelled in read_labels(data.folder / "labels", asked)
    }
    rows = {row.image_id: row for row in Pool.open(str(run.folder / "pool")).fetch(asked)}
    for image_id, ask in asked.items():
        image = decode_image(rows[image_id].data, loaded.size)
        prediction, difficulty = _predict(loaded, image)
        truth = truths.get(image_id)
        if truth is None:
            # An annotator may leave an image out.
            truth = np.full(loaded.size, IGNORE, np.uint8)
        yield Strip(
            run=run,
            round=data.index,
            image_id=image_id,
            score=ask.score,
            regions=tuple(box for box in ask.boxes if box[2:] != loaded.size),
            image=image,
            truth=resize_mask(truth, loaded.size),
            prediction=prediction,
            difficulty=difficulty,
            class_names=loaded.class_names,
            palette=loaded.palette,
        )


def _read_query(data: RoundData, count: int) -> Mapping[str, _Asked]:
    path = data.folder / "query" / "query.parquet"
    columns = ["image_id", "row", "col", "height", "width", "score"]
    try:
        rows = pq.read_table(path, columns=columns).to_pylist()
    except (OSError, ValueError) as error:
        # pyarrow's own errors are ValueErrors.
        raise DataError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    asked: dict[str, _Asked] = {}
    for row in rows:
        if row["image_id"] not in asked and len(asked) == count:
            continue
        before = asked.get(row["image_id"], _Asked(row["score"], ()))
        box = (row["row"], row["col"], row["height"], row["width"])
        asked[row["image_id"]] = _Asked(before.score, (*before.boxes, box))
    return asked


def _predict(loaded: LoadedModel, image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    images_B3HW = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    prediction = predict(loaded.model, images_B3HW, precision="fp32")
    classes_HW = prediction.probabilities_BCHW[0].argmax(0).to(torch.uint8).cpu().numpy()
    difficulty_BHW = prediction.difficulty_BHW
    if difficulty_BHW is None:
        return classes_HW, None
    return classes_HW, difficulty_BHW[0].float().cpu().numpy()
