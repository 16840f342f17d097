"""What an annotator is asked for, as a Parquet file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.acquisition.select import Pick
from raysal.config.files import write_bytes
from raysal.rounds.cost import UNITS, Cost, whole_image

FILE = "query.parquet"
SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("col", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("cost_images", pa.float64(), nullable=False),
        pa.field("cost_regions", pa.int32()),
        pa.field("cost_pixels", pa.int64(), nullable=False),
        pa.field("cost_clicks", pa.int32()),
        pa.field("cost_seconds", pa.float64()),
    ],
    metadata={"raysal.query": "1"},
)


@dataclass(frozen=True)
class Ask:
    """A rectangle of an image that is to be labelled, in pixels of the working size."""

    image_id: str
    row: int
    col: int
    height: int
    width: int
    score: float | None
    cost: Cost


def whole_images(picks: Sequence[Pick], size: tuple[int, int]) -> list[Ask]:
    """Ask for all of each picked image."""
    return [Ask(p.image_id, 0, 0, *size, p.score, whole_image(size)) for p in picks]


def write_query(folder: Path, asks: Sequence[Ask]) -> None:
    """Write `query.parquet`, best first."""
    rows = [
        {
            "image_id": ask.image_id,
            "row": ask.row,
            "col": ask.col,
            "height": ask.height,
            "width": ask.width,
            "score": ask.score,
            **{f"cost_{unit}": value for unit, value in ask.cost.as_dict().items()},
        }
        for ask in asks
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer)
    write_bytes(folder / FILE, buffer.getvalue())


def read_query(folder: Path) -> list[Ask]:
    """The asks of a query, best first."""
    return [
        Ask(
            row["image_id"], row["row"], row["col"], row["height"], row["width"], row["score"],
            Cost(**{unit: row[f"cost_{unit}"] for unit in UNITS}),
        )
        for row in pq.read_table(folder / FILE).to_pylist()
    ]  # fmt: skip
