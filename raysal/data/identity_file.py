"""The identity of a run's data on disk: one Parquet file, one row per image."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from raysal.data.identity import HASH_BYTES, Content, Identity, ImageIdentity
from raysal.data.sets.base import Split
from raysal.errors import DataError
from raysal.storage.atomic import write_bytes

VERSION = b"1"
_VERSION_KEY, _DIGEST_KEY = b"raysal.data_identity", b"raysal.digest"
_FIELDS = ("hash", "size_bytes", "mtime_ns")


def _content_fields(prefix: str) -> list[pa.Field]:
    types = (pa.binary(), pa.int64(), pa.int64())
    return [
        pa.field(f"{prefix}_{name}", kind, nullable=False)
        for name, kind in zip(_FIELDS, types, strict=True)
    ]


SCHEMA = pa.schema(
    [
        pa.field("split", pa.string(), nullable=False),
        pa.field("image_id", pa.string(), nullable=False),
        *_content_fields("image"),
        *_content_fields("mask"),
    ]
)


def write_identity(path: Path, identity: Identity) -> None:
    """Write the file, atomically.

    Raises:
        OSError: no space, no permission.
    """
    rows = [
        (split, image_id, *images.image, *images.mask)
        for split, of_split in identity.items()
        for image_id, images in of_split.items()
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=SCHEMA).replace_schema_metadata(
        {_VERSION_KEY: VERSION, _DIGEST_KEY: _digest(identity)}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    write_bytes(path, buffer.getvalue())


def read_identity(path: Path) -> Identity:
    """Read the file.

    Raises:
        DataError: it is damaged, of another version, or not written by raysal.
    """
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        metadata = table.schema.metadata or {}
        identity = _from_table(table)
        intact = metadata.get(_DIGEST_KEY) == _digest(identity)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise _damaged(path) from error
    version = metadata.get(_VERSION_KEY, VERSION)
    if intact and version != VERSION:
        found = version.decode(errors="replace")
        raise DataError(f"{path} has format version {found}, this raysal reads {VERSION.decode()}")
    if not intact:
        raise _damaged(path)
    return identity


def _from_table(table: pa.Table) -> Identity:
    columns = (table.column(name).to_pylist() for name in SCHEMA.names)
    identity: dict[Split, dict[str, ImageIdentity]] = {}
    for split, image_id, *contents in zip(*columns, strict=True):
        images = ImageIdentity(Content(*contents[:3]), Content(*contents[3:]))
        identity.setdefault(split, {})[image_id] = images
    return identity


def _digest(identity: Identity) -> bytes:
    """Hash of all rows: a file in which a bit has changed is not compared with."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for split in sorted(identity):
        for image_id, images in identity[split].items():
            digest.update(repr((split, image_id, *images.image, *images.mask)).encode())
    return digest.hexdigest().encode()


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path} is damaged or not written by raysal; move it away and run again: the images and "
        "masks as they are then are taken for those that the run began with"
    )
