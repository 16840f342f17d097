"""Queries: the images or regions that an annotator is asked to label, as a Parquet file."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.errors import DataError
from raysal.experiment.cost import UNITS, Cost
from raysal.experiment.layout import QUERY_FILE as FILE
from raysal.storage.atomic import write_bytes
from raysal.storage.document import REPAIR

PRICED_AT_ONCE = 2048

Rectangle = tuple[int, int, int, int]
"""Row, column, height, width in pixels of the working size."""
Price = Callable[[str, Sequence[Rectangle]], list[int | None]]
"""Number of clicks for each rectangle of an image; see `Oracle.clicks`."""
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
    """A rectangle of an image to label, in pixels of the working size."""

    image_id: str
    row: int
    col: int
    height: int
    width: int
    score: float | None
    cost: Cost


def rectangle(pick: Pick | RegionPick, size: tuple[int, int]) -> Rectangle:
    """The rectangle of a pick in an image of `size`: the region, or the whole image."""
    if isinstance(pick, Pick):
        return 0, 0, *size
    region = pick.region
    return region.row, region.col, region.height, region.width


def priced(
    picks: Iterable[Pick | RegionPick], size: tuple[int, int], price: Price
) -> Iterator[Ask]:
    """Picks with their cost in every unit, in the same order.

    Works in batches of picks: `price` is called once per image and batch, and a budget in clicks
    can stop early.
    """
    pending = iter(picks)
    while some := list(itertools.islice(pending, PRICED_AT_ONCE)):
        by_id: dict[str, list[Rectangle]] = {}
        for pick in some:
            by_id.setdefault(pick.image_id, []).append(rectangle(pick, size))
        clicks = {i: dict(zip(r, price(i, r), strict=True)) for i, r in by_id.items()}
        for pick in some:
            where = rectangle(pick, size)
            pixels = pick.region.pixels if isinstance(pick, RegionPick) else size[0] * size[1]
            cost = Cost(
                images=pixels / (size[0] * size[1]),
                pixels=pixels,
                regions=1,
                clicks=clicks[pick.image_id][where],
            )
            yield Ask(pick.image_id, *where, pick.score, cost)


def by_image(asks: Iterable[Ask]) -> dict[str, list[Rectangle]]:
    """The rectangles of a query by image."""
    wanted: dict[str, list[Rectangle]] = {}
    for ask in asks:
        wanted.setdefault(ask.image_id, []).append((ask.row, ask.col, ask.height, ask.width))
    return wanted


def write_query(folder: Path, asks: Sequence[Ask]) -> None:
    """Write `query.parquet`; `asks` are best first."""
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
    write_query_table(folder, pa.Table.from_pylist(rows, schema=SCHEMA))


def query_table(picks: pa.Table, size: tuple[int, int]) -> pa.Table:
    """A query in the columns of its file, from rows as `raysal.acquisition.selection.ranked` has
    them; the clicks are unknown.

    Args:
        picks: images, or regions if there are the columns row, col, height, width and pixels.
        size: (height, width) of the images in pixels.
    """
    rows, pixels = len(picks), size[0] * size[1]
    whole = {"row": 0, "col": 0, "height": size[0], "width": size[1], "pixels": pixels}
    column = {
        name: picks.column(name).to_numpy() if name in picks.column_names else np.full(rows, value)
        for name, value in whole.items()
    }
    cost_pixels = column.pop("pixels").astype(np.int64)
    values = {
        "image_id": picks.column("image_id"),
        **column,
        "score": picks.column("score"),
        "cost_images": cost_pixels / pixels,
        "cost_regions": np.ones(rows, np.int32),
        "cost_pixels": cost_pixels,
        "cost_clicks": pa.nulls(rows, pa.int32()),
        "cost_seconds": pa.nulls(rows, pa.float64()),
    }
    return pa.table(values).cast(SCHEMA)


def write_query_table(folder: Path, table: pa.Table) -> None:
    """Write `query.parquet`; the rows are best first."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    write_bytes(folder / FILE, buffer.getvalue())


def read_query(folder: Path) -> list[Ask]:
    """Read a query, best first.

    Raises:
        DataError: it is missing or damaged.
    """
    file = folder / FILE
    try:
        return asks_of(pq.ParquetFile(file, page_checksum_verification=True).read())
    except FileNotFoundError:
        raise DataError(f"no query at {file}; {REPAIR}") from None
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # No permission.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{file} is damaged: {reason}; {REPAIR}") from error


def asks_of(table: pa.Table) -> list[Ask]:
    """The rows of a query."""
    return [
        Ask(
            row["image_id"],
            row["row"],
            row["col"],
            row["height"],
            row["width"],
            row["score"],
            Cost(**{unit: row[f"cost_{unit}"] for unit in UNITS}),
        )
        for row in table.to_pylist()
    ]
