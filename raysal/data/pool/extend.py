"""Add images to a pool: its shards stay as they are, new ones come behind them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from raysal.data.pixel_format import PixelFormat
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import ContentHash
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import sealed


def extended_pool(
    pool: Pool,
    sources: Sequence[Source],
    folder: Path,
    *,
    max_megapixels: float,
    pixels: PixelFormat | None = None,
    progress: Callable[[int], None] = lambda images: None,
) -> tuple[tuple[str, str], ...]:
    """Write a pool with the images of a local one and others into an empty folder.

    Shards are linked, not copied, where the file system allows it. Units keep their names.

    Returns:
        (image id, reason) of the new images that cannot be read.

    Raises:
        PoolError: no new image can be read, or the pool cannot.
        OSError: no space, no permission.
    """
    added = folder / "added"
    new = write_pool(
        sources, str(added), max_megapixels=max_megapixels, pixels=pixels, progress=progress
    )
    manifest = json.loads((Path(pool.uri) / MANIFEST).read_text())
    content = ContentHash()
    for part in (pool, new):
        reader = PoolReader(part)
        for unit in part.units:
            for image_id, content_hash in reader.hashes(unit).items():
                content.add(image_id, content_hash)
    for shard in manifest["shards"]:
        _link(Path(pool.uri) / shard["file"], folder / shard["file"])
    first = len(manifest["shards"])
    for number, shard in enumerate(json.loads((added / MANIFEST).read_text())["shards"], first):
        name = f"part-{number:05d}.parquet"
        (added / shard["file"]).rename(folder / name)
        manifest["shards"].append({**shard, "file": name})
    (added / MANIFEST).unlink()
    added.rmdir()
    manifest["images"] += new.images
    manifest["content"] = content.value()
    manifest["bad"] += [{"image_id": image_id, "reason": reason} for image_id, reason in new.bad]
    manifest.pop("check", None)
    write_bytes(folder / MANIFEST, (json.dumps(sealed(manifest), indent=1) + "\n").encode())
    return new.bad


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
