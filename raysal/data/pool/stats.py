"""Counts of a pool, from its columns other than the images."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from raysal.data.pool.pool import Pool
from raysal.storage.uri import join, resolve


@dataclass(frozen=True)
class PoolStats:
    """Counts of a pool.

    Attributes:
        images: number of images.
        sizes: number of images by (height, width).
        bytes: total size of the shards.
        duplicates: number of images with the same bytes as an earlier one.
    """

    images: int
    sizes: Counter[tuple[int, int]]
    bytes: int
    duplicates: int


def pool_stats(pool: Pool) -> PoolStats:
    """Count a pool. Reads sizes and hashes, not images; keeps one hash per image in memory."""
    filesystem, path = resolve(pool.uri)
    sizes: Counter[tuple[int, int]] = Counter()
    hashes: set[str] = set()
    images = total = 0
    for shard, row_groups in pool.shards:
        total += filesystem.get_file_info(join(path, shard)).size
        with pool.open_shard(shard) as file, pool.reading(shard):
            for index in range(len(row_groups)):
                table = file.read_row_group(index, columns=["height", "width", "content_hash"])
                height, width, digest = (column.to_pylist() for column in table.columns)
                sizes.update(zip(height, width, strict=True))
                hashes.update(digest)
                images += table.num_rows
    return PoolStats(images, sizes, total, images - len(hashes))
