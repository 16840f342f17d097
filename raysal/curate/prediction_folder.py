"""A folder of predictions: its record, and which of its parts are complete.

<out>/
  prediction.json        what was predicted by which model (`PredictionRecord`)
  predictions.parquet    a row per image, written at the end (`prediction_parts`)
  masks/<id>.png         class ids at the image's own size, grey
  overlays/<id>.jpg      the image under the colours of its classes
  parts/                 the rows of each unit, from which an interrupted prediction goes on
  pool/                  if a folder of images was given: their paths
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data.id_path import path_of
from raysal.data.pool.part_hashes import PartHashes
from raysal.data.pool.parts import REMEDY, drop_parts, finished_parts, read_named, read_tables
from raysal.errors import DataError, RunError
from raysal.inference.mask_files import MASK_SUFFIX, OVERLAY_SUFFIX
from raysal.inference.precision import Precision
from raysal.inference.prediction_parts import Predicted, as_table, schema
from raysal.storage.atomic import sync
from raysal.storage.document import Document
from raysal.storage.foreign import check_unused, names_in
from raysal.storage.seal import hash_file

GROUP_ROWS = 4096
"""Rows of a row group of the table, however many images a unit has."""


class PredictionRecord(Document):
    """`prediction.json`.

    Attributes:
        model: digest of the model's settings and weights.
        size: (height, width) in pixels that the network sees.
        class_names: names of the class ids 0..C-1 in the masks.
        palette: their colours in the overlays.
        images: the folder or pool.
        listing: hash of the list of files; None for a pool, and while the list is being made.
        fingerprint: of the pool; None before there is one.
        recheck: whether parts may be of other images, so that each must be checked.
        finished: whether there is a row for every image in `predictions.parquet`.
        table: hash of that file; None before it was written.
    """

    file: ClassVar[str] = "prediction.json"
    remedy: ClassVar[str] = "predict into another folder"

    model: str
    precision: Precision
    size: tuple[int, int]
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    images: str
    listing: str | None = None
    fingerprint: str | None = None
    recheck: bool = False
    finished: bool = False
    table: str | None = None


@dataclass(frozen=True)
class PredictionFolder:
    """The files of a folder of predictions."""

    root: Path

    @property
    def masks(self) -> Path:
        """Masks by image id."""
        return self.root / "masks"

    @property
    def overlays(self) -> Path:
        """Overlays by image id."""
        return self.root / "overlays"

    @property
    def parts(self) -> Path:
        """The rows of each unit."""
        return self.root / "parts"

    @property
    def pool(self) -> Path:
        """The paths of the images of a folder."""
        return self.root / "pool"

    @property
    def table(self) -> Path:
        """All rows."""
        return self.root / "predictions.parquet"

    @property
    def hashes(self) -> PartHashes:
        """The hashes of the parts, while all is finished."""
        return PartHashes(str(self.parts), "parts.json", "raysal predict")

    def check(self) -> None:
        """Check that the folder is new or empty, or one of predictions.

        Raises:
            RunError: it is a file, or holds files that raysal did not make.
        """
        if PredictionRecord.file not in names_in(str(self.root)):
            check_unused(str(self.root), "the predictions")

    def check_intact(self, record: PredictionRecord) -> None:
        """Check the rows in a folder, as far as they are finished; masks are not read.

        Raises:
            RunError: the table or a part is not as it was written.
        """
        self.hashes.check()
        changed = record.table is not None and self.table.exists()
        if changed and hash_file(self.table) != record.table:
            raise RunError(
                f"{self.table} is damaged, or was changed: move it elsewhere and run again, and it "
                "is made again"
            )

    def record(self) -> PredictionRecord | None:
        """The record; None if there is none.

        Raises:
            DataError: it is damaged, or of another version.
        """
        there = (self.root / PredictionRecord.file).exists()
        return PredictionRecord.read(self.root) if there else None

    def drop_incomplete_parts(self, class_names: Sequence[str], overlay: bool) -> None:
        """Remove parts with an image that failed or whose mask, or wanted overlay, is gone.

        Raises:
            DataError: a part is damaged.
        """
        folder = str(self.parts)
        for name in sorted(finished_parts(folder)):
            (table,) = read_named(folder, [name])
            if table.schema != schema(class_names):
                raise DataError(f"{self.parts / name} is damaged: it has other columns; {REMEDY}")
            ids, errors = (table.column(c).to_pylist() for c in ("image_id", "error"))
            if any(errors) or not all(self._has_files(i, overlay) for i in ids):
                drop_parts(folder, [name])

    def _has_files(self, image_id: str, overlay: bool) -> bool:
        mask = self.masks / path_of(image_id, MASK_SUFFIX)
        return mask.is_file() and (
            not overlay or (self.overlays / path_of(image_id, OVERLAY_SUFFIX)).is_file()
        )

    def write_table(self, class_names: Sequence[str], bad: Sequence[Predicted]) -> str:
        """Write the rows of all parts into one file, atomically; few are in memory at a time.

        Returns:
            The hash of the file.

        Args:
            bad: rows of images that are in no part.

        Raises:
            OSError: no space, no permission.
        """
        draft = self.table.with_name(f".{self.table.name}.{uuid.uuid4().hex}.tmp")
        columns = schema(class_names)
        try:
            with pq.ParquetWriter(draft, columns, write_page_checksum=True) as writer:
                tables = (table.cast(columns) for table in read_tables(str(self.parts)))
                for group in _groups(itertools.chain(tables, [as_table(bad, class_names)])):
                    writer.write_table(group)
            sync(draft)
            written = hash_file(draft)
            draft.replace(self.table)
        finally:
            draft.unlink(missing_ok=True)
        sync(self.root)
        return written


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `GROUP_ROWS`; the last one has fewer."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) >= GROUP_ROWS:
            together = pa.concat_tables(waiting)
            yield together.slice(0, GROUP_ROWS)
            waiting = [together.slice(GROUP_ROWS)]
    yield pa.concat_tables(waiting)


def check_same(folder: Path, before: PredictionRecord, now: PredictionRecord) -> None:
    """Check that a folder holds predictions of the same model for the same pool or folder.

    Raises:
        RunError: it does not.
    """
    if before.model != now.model:
        raise RunError(
            f"{folder} holds the predictions of another model ({before.model[:8]}, not "
            f"{now.model[:8]}); predict into another folder"
        )
    if before.images != now.images:
        raise RunError(
            f"{folder} holds the predictions for {before.images}; predict into another folder"
        )
    if before.precision != now.precision:
        raise RunError(
            f"{folder} holds predictions of precision {before.precision}; predict into another "
            "folder"
        )
