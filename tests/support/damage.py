"""Truncate files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def cut(path: Path) -> bytes:
    """Cut a file to half its length; returns its former content."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return data


def cut_in_pool(pool: Path, *image_ids: str) -> None:
    """Truncate images inside the only shard of a pool; its row groups stay the same."""
    shard = pool / "part-00000.parquet"
    table = pq.read_table(shard)
    rows = pq.read_metadata(shard).row_group(0).num_rows
    images = [
        image[: len(image) // 2] if image_id in image_ids else image
        for image_id, image in zip(*(table.column(c).to_pylist() for c in (0, 1)), strict=True)
    ]
    changed = table.set_column(1, table.schema.field(1), pa.array(images, pa.binary()))
    pq.write_table(changed, shard, row_group_size=rows)
