"""The files of a review: `review.json`, which is written last, `suspects.parquet` and
`images.parquet`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from raysal.errors import DataError
from raysal.experiment.layout import REVIEW_FILE
from raysal.review.suspects import Suspect
from raysal.storage.atomic import write_bytes
from raysal.storage.document import Document

SUSPECTS, IMAGES = "suspects.parquet", "images.parquet"
AT = (10, 25, 50, 100)
"""Numbers of suspects for which precision is told."""
MOSTLY = 0.5
"""A suspect is an error if more than this share of its pixels have a wrong label."""
SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("seen", pa.bool_(), nullable=False),
        pa.field("given", pa.string(), nullable=False),
        pa.field("predicted", pa.string(), nullable=False),
        *(pa.field(n, pa.int32(), nullable=False) for n in ("row", "col", "height", "width")),
        pa.field("pixels", pa.int64(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("wrong", pa.float64()),
    ],
    metadata={"raysal.suspects": "1"},
)


@dataclass(frozen=True)
class Found:
    """A suspect and where it is; see `Suspect`, and `Judged` for `seen`."""

    image_id: str
    query: str
    seen: bool
    suspect: Suspect


@dataclass(frozen=True)
class ImageQuality:
    """How far an image's labels of one query agree with the model.

    Attributes:
        quality: see `softmin`.
        pixels: number of labelled pixels; `flagged` of them are taken for wrong.
        wrong: number of those whose label differs from the truth; None if that is not known.
        hit: number of flagged pixels whose label differs from the truth; None likewise.
    """

    image_id: str
    query: str
    seen: bool
    quality: float
    pixels: int
    flagged: int
    wrong: int | None
    hit: int | None


class JudgedPart(BaseModel):
    """What was judged by one model, see `Judged`; `errors` is the estimated number of pixels."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    query: str
    by: str
    seen: bool
    images: int
    pixels: int
    errors: int


class Review(Document):
    """`review.json`.

    Attributes:
        run: its folder, as it was given.
        shown: number of suspects that are drawn, and that the labelling tool shows.
        precision: percent of the first N suspects that are errors (`MOSTLY`), by N; empty unless
            the truth is known and some labels differ from it.
        found_percent: percent of all wrong pixels that are in the first N suspects, by N.
        pixel_precision, pixel_recall: of the flagged pixels, in percent; None likewise.
    """

    file: ClassVar[str] = REVIEW_FILE
    remedy: ClassVar[str] = "remove the folder and review again"

    run: str
    parts: tuple[JudgedPart, ...]
    suspects: int
    shown: int
    precision: dict[int, float] = Field(default_factory=dict)
    found_percent: dict[int, float] = Field(default_factory=dict)
    pixel_precision: float | None = None
    pixel_recall: float | None = None


def measured(found: Sequence[Found], images: Sequence[ImageQuality]) -> dict[str, object]:
    """The figures of a review that need the truth; empty without it, or if no label is wrong.

    Args:
        found: best first.
    """
    wrong = [image.wrong for image in images]
    if not images or None in wrong or not sum(n or 0 for n in wrong):
        return {}
    flagged = sum(image.flagged for image in images)
    hit = sum(image.hit or 0 for image in images)
    total = sum(n or 0 for n in wrong)
    numbers = [n for n in AT if n < len(found)] + [len(found)]
    shares = [one.suspect.wrong or 0.0 for one in found]
    pixels = [share * one.suspect.pixels for share, one in zip(shares, found, strict=True)]
    return {
        "precision": {
            n: 100 * sum(share > MOSTLY for share in shares[:n]) / n for n in numbers if n
        },
        "found_percent": {n: 100 * sum(pixels[:n]) / total for n in numbers if n},
        "pixel_precision": 100 * hit / flagged if flagged else None,
        "pixel_recall": 100 * hit / total,
    }


def write_found(
    folder: Path, found: Sequence[Found], images: Sequence[ImageQuality], names: Sequence[str]
) -> None:
    """Write both lists, the worst first.

    Args:
        names: of the classes.
    """
    rows = [
        {
            **asdict(one.suspect),
            "rank": rank,
            "image_id": one.image_id,
            "query": one.query,
            "seen": one.seen,
            "given": names[one.suspect.given],
            "predicted": names[one.suspect.predicted],
        }
        for rank, one in enumerate(found, start=1)
    ]
    _write(folder / SUSPECTS, pa.Table.from_pylist(rows, schema=SCHEMA))
    ranked = sorted(images, key=lambda image: (image.quality, image.image_id))
    columns = ["image_id", "query", "seen", "quality", "pixels", "flagged", "wrong", "hit"]
    values = {name: [getattr(image, name) for image in ranked] for name in columns}
    _write(folder / IMAGES, pa.table(values))


def read_found(folder: Path, names: Sequence[str], limit: int) -> list[Found]:
    """The first suspects of a review.

    Raises:
        DataError: the list is damaged.
    """
    file = folder / SUSPECTS
    try:
        rows = pq.ParquetFile(file, page_checksum_verification=True).read().slice(0, limit)
        return [_found(row, list(names)) for row in rows.to_pylist()]
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{file} is damaged: {reason}; {Review.remedy}") from error


def _found(row: dict[str, object], names: list[str]) -> Found:
    values = {key: row[key] for key in Suspect.__dataclass_fields__}
    values |= {key: names.index(str(row[key])) for key in ("given", "predicted")}
    return Found(
        str(row["image_id"]),
        str(row["query"]),
        bool(row["seen"]),
        Suspect(**values),  # type: ignore[arg-type]
    )


def _write(file: Path, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True)
    write_bytes(file, buffer.getvalue())
