"""Region parts: Parquet files with regions picked in images, one file per unit of the pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from raysal.acquisition.selection.top_k import RegionPick
from raysal.data.pool.parts import read_rows, read_tables, write_rows
from raysal.regions.region import Region

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("order", pa.int32()),
        pa.field("row", pa.int32()),
        pa.field("col", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("width", pa.int32()),
        pa.field("score", pa.float64()),
        pa.field("pixels", pa.int32()),
        pa.field("spare", pa.bool_()),
        pa.field("error", pa.string()),
    ],
    metadata={"raysal.regions": "1"},
)


@dataclass(frozen=True)
class RegionResult:
    """The regions picked in one image, best first, or the reason why the image failed."""

    image_id: str
    regions: Sequence[Region]
    error: str | None = None


def write_region_part(folder: str, unit_name: str, images: Iterable[RegionResult]) -> None:
    """Write one unit's regions, atomically.

    Raises:
        OSError: no space, no permission.
    """
    rows: list[dict[str, object]] = []
    for image in images:
        if image.error is not None:
            rows.append({"image_id": image.image_id, "error": image.error})
        for order, region in enumerate(image.regions):
            rows.append({"image_id": image.image_id, "order": order, **asdict(region)})
    write_rows(folder, unit_name, rows, SCHEMA)


def read_regions(folder: str) -> Iterator[RegionPick]:
    """All picked regions, part by part."""
    for row in read_rows(folder):
        if row.pop("error") is None:
            image_id, order = row.pop("image_id"), row.pop("order")
            yield RegionPick(image_id, order, Region(**row))


def read_region_scores(folder: str, spare: bool) -> Iterator[pa.Table]:
    """The columns of the disjoint regions, or of the `spare` (overlapping) ones, part by part."""
    for table in read_tables(folder):
        wanted = pc.and_(pc.is_null(table.column("error")), pc.equal(table.column("spare"), spare))
        yield table.filter(wanted).drop_columns(["error", "order", "spare"])


def region_errors(folder: str) -> list[tuple[str, str]]:
    """(image id, reason) of the images that failed, ordered by id."""
    return sorted(
        (row["image_id"], row["error"]) for row in read_rows(folder) if row["error"] is not None
    )
