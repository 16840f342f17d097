"""Damage files, and make hashes fit damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysal.data.pool.layout import MANIFEST, footer_hash
from raysal.data.pool.rows import ContentHash
from raysal.experiment.layout import STAMP
from raysal.experiment.stage import FileSeal, Stamp
from raysal.storage.seal import hash_bytes, hash_file, sealed


def cut(path: Path) -> bytes:
    """Cut a file to half its length; returns its former content."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return data


def cut_in_pool(pool: Path, *image_ids: str) -> None:
    """Truncate images inside the only shard of a pool, as if it had been built from them.

    Its row groups stay the same.
    """
    shard = pool / "part-00000.parquet"
    table = pq.read_table(shard)
    rows = pq.read_metadata(shard).row_group(0).num_rows
    images = [
        image[: len(image) // 2] if image_id in image_ids else image
        for image_id, image in zip(*(table.column(c).to_pylist() for c in (0, 1)), strict=True)
    ]
    hashes = [hash_bytes(image) for image in images]
    changed = table.set_column(1, table.schema.field(1), pa.array(images, pa.binary()))
    changed = changed.set_column(5, table.schema.field(5), pa.array(hashes, pa.string()))
    pq.write_table(changed, shard, row_group_size=rows)
    reseal_pool(pool)


def without_hashes(pool: Path) -> None:
    """Make a pool one of others, whose manifest holds no hashes."""
    manifest = json.loads((pool / MANIFEST).read_text())
    del manifest["check"]
    for shard in manifest["shards"]:
        del shard["footer"]
    (pool / MANIFEST).write_text(json.dumps(manifest))


def reseal_pool(pool: Path) -> None:
    """Make the manifest of a pool with one shard, and the stamp of a stage, fit its content."""
    shard = pool / "part-00000.parquet"
    digest = ContentHash()
    for row in pq.read_table(shard, columns=["image_id", "content_hash"]).to_pylist():
        digest.add(row["image_id"], row["content_hash"])
    manifest = json.loads((pool / MANIFEST).read_text())
    manifest["content"] = digest.value()
    manifest["shards"][0]["footer"] = footer_hash(fs.LocalFileSystem(), str(shard))
    (pool / MANIFEST).write_text(json.dumps(sealed(manifest)))
    if (pool / STAMP).exists():
        reseal_stage(pool)


def reseal_stage(stage: Path) -> None:
    """Make the stamp of a stage fit the files in it."""
    stamp = Stamp.read(stage)
    assert stamp.files is not None
    files = {
        name: FileSeal(
            size=(stage / name).stat().st_size,
            hash=None if seal.hash is None else hash_file(stage / name),
        )
        for name, seal in stamp.files.items()
    }
    stamp.model_copy(update={"files": files}).write(stage)
