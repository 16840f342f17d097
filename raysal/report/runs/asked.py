"""The queries of a run, by image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from raysal.errors import DataError
from raysal.report.runs.read import RoundData, RunData

Box = tuple[int, int, int, int]
"""Row, column, height, width in pixels."""


@dataclass(frozen=True)
class Asked:
    """The rectangles that a query contains in one image, best first, and their scores."""

    boxes: tuple[Box, ...]
    scores: tuple[float | None, ...]

    def mask(self, size: tuple[int, int]) -> np.ndarray:
        """bool (H, W): the pixels inside any of the rectangles."""
        inside = np.zeros(size, bool)
        for row, col, height, width in self.boxes:
            inside[row : row + height, col : col + width] = True
        return inside


def asking_rounds(run: RunData) -> tuple[RoundData, ...]:
    """The rounds that have a query, except one that waits for answers."""
    return tuple(
        data
        for data in run.rounds
        if data.layout.query_file.is_file() and (data.recorded or data.layout.labels_file.exists())
    )


def asked_round(run: RunData) -> RoundData | None:
    """The last of `asking_rounds`; None if there is none."""
    rounds = asking_rounds(run)
    return rounds[-1] if rounds else None


def read_asked(data: RoundData) -> dict[str, Asked]:
    """The query of a round by image, in order of each image's best ask.

    Raises:
        DataError: the file is damaged.
    """
    columns = ["image_id", "row", "col", "height", "width", "score"]
    path = data.layout.query_file
    try:
        rows = pq.read_table(path, columns=columns).to_pylist()
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors.
        raise DataError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    asked: dict[str, Asked] = {}
    for row in rows:
        before = asked.get(row["image_id"], Asked((), ()))
        box = (row["row"], row["col"], row["height"], row["width"])
        asked[row["image_id"]] = Asked((*before.boxes, box), (*before.scores, row["score"]))
    return asked
