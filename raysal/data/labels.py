"""Label stores: per image a map of classes, and a map of where the label of each pixel is from."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data import LABELS_FILE as FILE
from raysal.data.decode import IGNORE, decode_mask, encode_png
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes
from raysal.storage.document import REPAIR

P = ParamSpec("P")
T = TypeVar("T")
NONE, ANNOTATOR, EXTENDED, REFUSED = 0, 1, 2, 3
SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("label", pa.binary(), nullable=False),
        pa.field("source", pa.binary(), nullable=False),
    ],
    metadata={"raysal.labels": "1"},
)
ROW_GROUP_IMAGES = 32


@dataclass(frozen=True)
class LabelledImage:
    """The labels of one image.

    Attributes:
        label: uint8 (H, W) class ids at the working size, 255 unknown.
        source: uint8 (H, W): 0 not labelled, 1 annotator, 2 extended from an annotator's label, 3
            not labelled, and an annotator refused to have it extended.
    """

    image_id: str
    label: np.ndarray
    source: np.ndarray


def write_labels(
    folder: Path,
    labels: Iterable[LabelledImage],
    name: str = FILE,
    about: Mapping[str, str] | None = None,
) -> int:
    """Write a store, or one file of it, atomically; returns the number of images.

    Args:
        about: what else the file says, see `read_about`.

    Raises:
        OSError: no space, no permission.
    """
    buffer = io.BytesIO()
    count = 0
    pending = iter(labels)
    schema = SCHEMA.with_metadata({**SCHEMA.metadata, **(about or {})})
    with pq.ParquetWriter(buffer, schema, compression="none", write_page_checksum=True) as writer:
        while group := list(itertools.islice(pending, ROW_GROUP_IMAGES)):
            rows = [
                {
                    "image_id": labelled.image_id,
                    "label": encode_png(labelled.label),
                    "source": encode_png(labelled.source),
                }
                for labelled in group
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    write_bytes(folder / name, buffer.getvalue())
    return count


def read_labels(folder: Path, ids: Collection[str] | None = None) -> Iterator[LabelledImage]:
    """The labels of one store: all, or those of `ids`. One row group is in memory at a time.

    A store is a folder of Parquet files; row groups without any of `ids` are not decoded.

    Raises:
        DataError: there is no store, or it is damaged, or the two maps of an image differ in
            shape.
    """
    for path in _files(folder):
        with _open(path) as file:
            for index in range(file.num_row_groups):
                yield from _checked(path, _row_group, file, index, ids, path)


def read_about(folder: Path) -> Iterator[dict[str, str]]:
    """What each file of a store says besides its labels.

    Raises:
        DataError: there is no store, or it is damaged.
    """
    for path in _files(folder):
        with _open(path) as file:
            said = _checked(path, lambda file: file.schema_arrow.metadata or {}, file)
            yield {key.decode(): value.decode() for key, value in said.items()}


def _row_group(
    file: pq.ParquetFile, index: int, ids: Collection[str] | None, path: Path
) -> list[LabelledImage]:
    if ids is not None:
        held = file.read_row_group(index, columns=["image_id"]).column(0).to_pylist()
        if not any(image_id in ids for image_id in held):
            return []
    labels = []
    for row in file.read_row_group(index).to_pylist():
        if ids is None or row["image_id"] in ids:
            label, source = (_map(path, row[name]) for name in ("label", "source"))
            if label.shape != source.shape:
                raise DataError(
                    f"{path}: the source map of '{row['image_id']}' is {_times(source.shape)}, its "
                    f"label map {_times(label.shape)}; {REPAIR}"
                )
            labels.append(LabelledImage(row["image_id"], label, source))
    return labels


def labelled_ids(folder: Path) -> list[str]:
    """The image ids of one store.

    Raises:
        DataError: there is no store, or it is damaged.
    """
    ids: list[str] = []
    for path in _files(folder):
        with _open(path) as file:
            ids += _checked(path, _ids, file)
    return ids


def read_merged(
    folders: Sequence[Path], ids: Collection[str] | None = None
) -> dict[str, LabelledImage]:
    """The labels of several stores merged, by image: all, or those of `ids`.

    Args:
        folders: the stores, oldest first; see `merge`.

    Raises:
        DataError: as for `read_labels`, or maps of one image differ in shape between stores.
    """
    merged: dict[str, LabelledImage] = {}
    for folder in folders:
        for new in read_labels(folder, ids):
            old = merged.get(new.image_id)
            if old is not None and old.label.shape != new.label.shape:
                raise DataError(
                    f"{folder}: the label map of '{new.image_id}' is {_times(new.label.shape)}, an "
                    f"older one {_times(old.label.shape)}; {REPAIR}"
                )
            merged[new.image_id] = new if old is None else merge(old, new)
    return merged


def partly_labelled(folders: Sequence[Path]) -> set[str]:
    """Ids of images in which annotators labelled some pixels but not all."""
    missing: dict[str, np.ndarray] = {}
    for folder in folders:
        for labelled in read_labels(folder):
            here = labelled.source != ANNOTATOR
            if labelled.image_id in missing:
                here &= missing[labelled.image_id]
            missing[labelled.image_id] = here
    return {image_id for image_id, where in missing.items() if where.any()}


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"no labels at {folder / FILE}; {REPAIR}")
    return files


def _map(path: Path, data: bytes) -> np.ndarray:
    try:
        return decode_mask(data, float("inf"))  # It was admitted when it was written.
    except DataError as error:
        raise DataError(f"{path} is damaged: {error}; {REPAIR}") from error


def _ids(file: pq.ParquetFile) -> list[str]:
    ids: list[str] = file.read(columns=["image_id"]).column(0).to_pylist()
    return ids


def _open(path: Path) -> pq.ParquetFile:
    return _checked(path, pq.ParquetFile, path, page_checksum_verification=True)


def _checked(path: Path, read: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """What `read` returns from a file of labels.

    Raises:
        DataError: the file is damaged.
    """
    try:
        return read(*args, **more)
    except (OSError, pa.ArrowException, KeyError, IndexError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # No permission, no space.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is damaged: {reason}; {REPAIR}") from error


def _times(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)


def merge(older: LabelledImage, newer: LabelledImage) -> LabelledImage:
    """Merge two labels of one image.

    A pixel that an annotator labelled keeps that label, the newer one if there are two; other
    pixels keep an extended label, again the newer one, unless an annotator has refused it.
    """
    label, source = older.label.copy(), older.source.copy()
    take = newer.source == ANNOTATOR
    take |= (newer.source == REFUSED) & (source != ANNOTATOR)
    take |= (newer.source == EXTENDED) & (source != ANNOTATOR) & (source != REFUSED)
    label[take], source[take] = newer.label[take], newer.source[take]
    label[(source == NONE) | (source == REFUSED)] = IGNORE
    return LabelledImage(newer.image_id, label, source)
