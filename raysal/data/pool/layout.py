"""What the files of a pool look like, and whether those of a stranger do."""

from __future__ import annotations

import json
import re
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from raysal.errors import PoolError
from raysal.storage.seal import hash_bytes, is_intact
from raysal.storage.uri import join, resolve, shown

VERSION = 1
MANIFEST = "pool.json"
MAX_MANIFEST_BYTES = 1 << 30
SHARD = re.compile(r"part-\d{5,}\.parquet")
REMEDY = "build it again, or in a run: 'raysal status RUN --repair'"
SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("image", pa.binary()),
        pa.field("uri", pa.string()),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
    ]
)
# A file of the pool's own folder.
FileName = Annotated[str, Field(pattern=r"^[^/\\\x00]+$", max_length=255)]


class Versioned(BaseModel):
    """Read first: another version may have other keys."""

    version: int


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Shard(_Strict):
    """A file, and the number of images in each of its row groups."""

    file: FileName
    row_groups: tuple[PositiveInt, ...]
    footer: str | None = None
    """See `footer_hash`; None in pools of earlier versions."""


class Bad(_Strict):
    """An image that was set aside when the pool was built."""

    image_id: str
    reason: str


class Manifest(_Strict):
    """Content of `pool.json`."""

    version: int
    images: NonNegativeInt
    shards: tuple[Shard, ...]
    bad: tuple[Bad, ...] = ()
    content: str | None = None

    @property
    def footers(self) -> dict[str, str] | None:
        """The hash of each shard's footer; None in pools of earlier versions."""
        found = {shard.file: shard.footer for shard in self.shards if shard.footer is not None}
        return found if len(found) == len(self.shards) else None

    @model_validator(mode="after")
    def _rows_add_up(self) -> Manifest:
        rows = sum(sum(shard.row_groups) for shard in self.shards)
        if rows != self.images:
            raise ValueError(f"its row groups hold {rows} images, but images is {self.images}")
        if len({shard.file for shard in self.shards}) < len(self.shards):
            raise ValueError("a shard is named twice")
        return self


def read_manifest(uri: str) -> Manifest:
    """The manifest of the pool in a folder.

    Raises:
        PoolError: there is no pool, or it is incomplete, damaged or of another version.
    """
    filesystem, path = resolve(uri)
    cannot_read = f"cannot read the pool at '{shown(uri)}'"
    try:
        with filesystem.open_input_stream(join(path, MANIFEST)) as stream:
            text = stream.read(MAX_MANIFEST_BYTES)
        manifest = Manifest.model_validate_json(_checked_version(text, uri))
    except FileNotFoundError:
        raise PoolError(
            f"no complete pool at '{shown(uri)}' ({MANIFEST} is missing); "
            "build one with 'raysal pool build'"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = f"{where}: {first['msg']}" if where else first["msg"]
        raise PoolError(f"{cannot_read}: {MANIFEST} is damaged: {reason}; build it again") from None
    except OSError as error:
        raise PoolError(f"{cannot_read}: {error}") from error
    if not is_intact(json.loads(text)):
        raise PoolError(f"{cannot_read}: {MANIFEST} is damaged: its content has changed; {REMEDY}")
    return manifest


def footer_hash(filesystem: fs.FileSystem, path: str) -> str | None:
    """Hash of a Parquet file's footer and length; None if the file is missing or has no footer."""
    info = filesystem.get_file_info(path)
    if info.type != fs.FileType.File or info.size < 12:
        return None
    with filesystem.open_input_file(path) as file:
        end = file.read_at(8, info.size - 8)
        length = int.from_bytes(end[:4], "little")
        if end[4:] != b"PAR1" or length > info.size - 12:
            return None
        footer = file.read_at(length, info.size - 8 - length)
    return hash_bytes(footer + str(info.size).encode())


def check_shard(file: pq.ParquetFile, row_groups: tuple[int, ...], where: str) -> None:
    """Check that a shard has the columns of a pool and at least these rows.

    Args:
        row_groups: images in each row group, as the manifest says.
        where: the file, for messages.

    Raises:
        PoolError: it has not.
    """
    schema = file.schema_arrow
    for field in SCHEMA:
        if schema.get_field_index(field.name) < 0:
            raise PoolError(f"{where} has no column '{field.name}'; build the pool again")
        kind = schema.field(field.name).type
        if kind not in _same_kind(field.type):
            raise PoolError(
                f"{where}: column '{field.name}' has type {kind}, but {field.type} is needed; "
                "build the pool again"
            )
    metadata = file.metadata
    if metadata.num_row_groups < len(row_groups):
        raise PoolError(
            f"{where} has {metadata.num_row_groups} row groups, but {MANIFEST} says "
            f"{len(row_groups)}; build the pool again"
        )
    for index, rows in enumerate(row_groups):
        if metadata.row_group(index).num_rows < rows:
            raise PoolError(
                f"{where}: row group {index} has {metadata.row_group(index).num_rows} images, but "
                f"{MANIFEST} says {rows}; build the pool again"
            )


def _same_kind(kind: pa.DataType) -> tuple[pa.DataType, ...]:
    """The types that are read alike."""
    if kind == pa.string():
        return pa.string(), pa.large_string()
    if kind == pa.binary():
        return pa.binary(), pa.large_binary()
    return pa.int32(), pa.int64()


def _checked_version(text: bytes, uri: str) -> bytes:
    version = Versioned.model_validate_json(text).version
    if version != VERSION:
        raise PoolError(
            f"the pool at '{shown(uri)}' has format version {version}, "
            f"this raysal reads {VERSION}; build it again"
        )
    return text
