"""Pools that raysal did not build: each is refused, or an image set aside, in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysal.data.decode import encode_jpeg
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.outside import IN_A_RUN, Permits, allowed_uri
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.sources import folder_sources
from raysal.data.pool.stats import pool_stats
from raysal.data.pool.writer import write_pool
from raysal.errors import ConfigError, DataError, PoolError
from raysal.storage import uri as uris
from raysal.storage.uri import read_uri
from tests.support.damage import without_hashes

SHARD = "part-00000.parquet"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(5):
        (folder / f"i{index}.jpg").write_bytes(_jpeg(index))
    return folder


def _jpeg(index: int) -> bytes:
    return encode_jpeg(np.full((16, 16, 3), 40 * index, np.uint8))


@pytest.fixture
def pool(images: Path, tmp_path: Path) -> Path:
    write_pool(folder_sources(str(images)), str(tmp_path / "pool"), row_group_images=2)
    without_hashes(tmp_path / "pool")
    return tmp_path / "pool"


def change(pool: Path, **columns: Any) -> None:
    """Replace or, with None, drop columns of the first shard."""
    table = pq.read_table(pool / SHARD)
    for name, column in columns.items():
        index = table.schema.get_field_index(name)
        table = table.remove_column(index)
        if column is not None:
            table = table.add_column(index, name, column)
    pq.write_table(table, pool / SHARD, row_group_size=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": "5"}, "images: Input should be a valid integer"),
        ({"images": 4}, "its row groups hold 5 images, but images is 4"),
        ({"images": -1}, "images: Input should be greater than or equal to 0"),
        ({"shards": {}}, "shards: Input should be a valid array"),
        ({"shards": [SHARD]}, "shards.0: "),
        ({"shards": [{"file": SHARD}]}, "shards.0.row_groups: Field required"),
        ({"shards": [{"file": SHARD, "row_groups": [2, 2, "1"]}]}, "shards.0.row_groups.2: "),
        ({"shards": [{"file": SHARD, "row_groups": [5, 0]}]}, "shards.0.row_groups.1: "),
        ({"shards": [{"file": 3, "row_groups": [5]}]}, "shards.0.file: Input should be a valid st"),
        ({"shards": [{"file": "../x.parquet", "row_groups": [5]}]}, "shards.0.file: String should"),
        ({"shards": [{"file": "/x.parquet", "row_groups": [5]}]}, "shards.0.file: String should"),
        ({"bad": "none"}, "bad: "),
        ({"bad": [{"image_id": "x"}]}, "bad.0.reason: Field required"),
        ({"content": 7}, "content: "),
        ({"version": "1.0.0"}, "version: Input should be a valid integer"),
        ({"version": None}, "version: "),
    ],
)
def test_manifests_of_other_types(changes: dict[str, Any], message: str, pool: Path) -> None:
    manifest = json.loads((pool / MANIFEST).read_text())
    (pool / MANIFEST).write_text(json.dumps(manifest | changes))
    with pytest.raises(PoolError) as caught:
        Pool.open(str(pool))
    text = str(caught.value)
    assert text.startswith(f"cannot read the pool at '{pool}': {MANIFEST} is damaged: ")
    assert message in text
    assert text.endswith("; build it again")
    assert "\n" not in text


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "{", "", "\ufeff", "{}"])
def test_manifests_that_are_none(text: str, pool: Path) -> None:
    (pool / MANIFEST).write_text(text)
    with pytest.raises(PoolError, match=r"pool\.json is damaged"):
        Pool.open(str(pool))


def test_an_empty_pool(pool: Path) -> None:
    manifest = json.loads((pool / MANIFEST).read_text())
    (pool / MANIFEST).write_text(json.dumps(manifest | {"images": 0, "shards": []}))
    with pytest.raises(PoolError, match="contains no image"):
        Pool.open(str(pool))


TEXTS = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"image_id": pa.array([0, 1, 2, 3, 4])}, "column 'image_id' has type int64, but string"),
        ({"image_id": pa.array([None, *TEXTS[1:]])}, "row 0 has no image_id"),
        ({"image_id": pa.array(["a", "", "c", "d", "e"])}, "row 1 has no image_id"),
        ({"image_id": pa.nulls(5, pa.string())}, "row 0 has no image_id"),
        ({"image_id": None}, "has no column 'image_id'"),
        ({"content_hash": pa.array(["a", None, "c", "d", "e"])}, "row 1 has no content_hash"),
        ({"content_hash": pa.array([1.5] * 5)}, "column 'content_hash' has type double"),
        ({"image": pa.array(TEXTS)}, "column 'image' has type string, but binary is needed"),
        ({"uri": None}, "has no column 'uri'"),
        ({"height": pa.array(TEXTS)}, "column 'height' has type string, but int32 is needed"),
    ],
)
def test_columns_of_other_types(columns: dict[str, Any], message: str, pool: Path) -> None:
    change(pool, **columns)
    opened = Pool.open(str(pool))
    for read in (
        lambda: [PoolReader(opened).read(unit) for unit in opened.units],
        lambda: list(opened.fetch(["i0", "i1", "i4"])),
    ):
        with pytest.raises(PoolError) as caught:
            read()
        assert message in str(caught.value)
        assert str(pool) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_types_that_are_read_alike(pool: Path) -> None:
    table = pq.read_table(pool / SHARD)
    change(
        pool,
        image_id=table.column("image_id").cast(pa.large_string()),
        image=table.column("image").cast(pa.large_binary()),
        height=table.column("height").cast(pa.int64()),
    )
    opened = Pool.open(str(pool))
    assert list(opened.ids()) == [f"i{index}" for index in range(5)]
    assert next(opened.fetch(["i3"])).data == _jpeg(3)


@pytest.mark.parametrize(
    ("row_groups", "message"),
    [
        ([2, 2, 1, 2], "has 3 row groups, but pool.json says 4"),
        ([2, 3], "row group 1 has 2 images, but pool.json says 3"),
        ([5], "row group 0 has 2 images, but pool.json says 5"),
    ],
)
def test_more_than_the_file_has(row_groups: list[int], message: str, pool: Path) -> None:
    manifest = json.loads((pool / MANIFEST).read_text())
    shards = [{"file": SHARD, "row_groups": row_groups}]
    changed = manifest | {"images": sum(row_groups), "shards": shards}
    (pool / MANIFEST).write_text(json.dumps(changed))
    opened = Pool.open(str(pool))
    for read in (lambda: list(opened.ids()), lambda: pool_stats(opened)):
        with pytest.raises(PoolError, match=message):
            read()


def test_a_page_that_is_damaged(pool: Path) -> None:
    data = bytearray((pool / SHARD).read_bytes())
    data[4:200] = bytes(196)
    (pool / SHARD).write_bytes(data)
    with pytest.raises(PoolError, match=f"cannot read {SHARD} of the pool at .*; build the pool"):
        list(Pool.open(str(pool)).ids())


@pytest.mark.parametrize(
    ("image", "uri", "message"),
    [
        (None, None, "the pool has neither bytes nor a URI of the image"),
        (b"x", "x.jpg", "the pool has both bytes and a URI of the image"),
    ],
)
def test_neither_and_both(image: bytes | None, uri: str | None, message: str, pool: Path) -> None:
    change(pool, image=pa.array([image] * 5, pa.binary()), uri=pa.array([uri] * 5, pa.string()))
    rows = PoolReader(Pool.open(str(pool))).read(Pool.open(str(pool)).units[0])
    with pytest.raises(DataError, match=message):
        _ = rows[0].data


def test_uris_of_the_pool_and_of_images(pool: Path, images: Path) -> None:
    """Paths as `pool build --no-embed` writes them, and those below the pool's folder."""
    (pool / "below").mkdir()
    (pool / "below" / "picture").write_bytes(_jpeg(4))
    named = [str(images / "i0.jpg"), "below/picture", str(pool / "below/picture"),
             f"file://{images}/i1.jpg", "./below/../below/picture"]  # fmt: skip
    change(pool, image=pa.nulls(5, pa.binary()), uri=pa.array(named))
    opened = Pool.open(str(pool))
    data = [row.data for unit in opened.units for row in PoolReader(opened).read(unit)]
    assert data == [_jpeg(0), _jpeg(4), _jpeg(4), _jpeg(1), _jpeg(4)]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("/etc/passwd", "which is neither in the pool's own folder nor an image file"),
        ("../secret", "which is neither in the pool's own folder nor an image file"),
        ("below/../../secret", "neither in the pool's own folder"),
        ("/dev/zero", "neither in the pool's own folder"),
        ("file:///etc/passwd", "neither in the pool's own folder"),
        ("s3://other/x.jpg", "is not in the pool's own folder and is not read"),
        ("http://169.254.169.254/x.jpg", "is not in the pool's own folder and is not read"),
        ("s3://key:secret@other/x.jpg", "the pool names 's3://other/x.jpg'"),
        ("", "which is no path"),
        ("a\0b.jpg", "which is no path"),
    ],
)
def test_what_a_pool_may_not_name(uri: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        allowed_uri(uri, "/data/pool")
    assert message in str(caught.value)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "folder", "expected"),
    [
        ("x/y", "s3://bucket/pool?region=x", "s3://bucket/pool/x/y?region=x"),
        ("s3://bucket/pool/x", "s3://bucket/pool", "s3://bucket/pool/x"),
        ("s3://bucket/pool/x", "s3://k:s@bucket/pool?a=b", "s3://k:s@bucket/pool/x?a=b"),
        ("/data/pool/x", "/data/pool/", "/data/pool/x"),
        ("what?.txt", "/data/why?", "/data/why?/what?.txt"),
        ("/home/me/a.PNG", "/data/pool", "/home/me/a.PNG"),
    ],
)
def test_what_it_may_name(uri: str, folder: str, expected: str) -> None:
    assert allowed_uri(uri, folder) == expected


OTHER = "s3://k:s@other/images?endpoint_override=here"


@pytest.mark.parametrize(
    ("uri", "prefix", "expected"),
    [
        ("s3://other/images/x", "s3://other/images", "s3://other/images/x"),
        ("s3://other/images/x", "s3://other", "s3://other/images/x"),
        ("s3://other/images/x", OTHER, "s3://k:s@other/images/x?endpoint_override=here"),
        ("/data/raw/x.bin", "/data/raw", "/data/raw/x.bin"),
        ("file:///data/raw/x.bin", "/data/raw/", "file:///data/raw/x.bin"),
        ("../raw/x.bin", "/data/raw", "/data/pool/../raw/x.bin"),
        ("/etc/passwd", "/", "/etc/passwd"),
    ],
)
def test_what_the_user_allows(uri: str, prefix: str, expected: str) -> None:
    with pytest.raises(DataError, match=r"; if it may be read, use --allow-outside '[^']+'$"):
        allowed_uri(uri, "/data/pool")
    assert allowed_uri(uri, "/data/pool", ("/other", prefix)) == expected


@pytest.mark.parametrize("uri", [
    "s3://other/imagesx/x", "s3://other/images/../x", "s3://other/images/%2e%2e/x", "s3://other/x",
    "gs://other/images/x", "s3://other/images/x?endpoint_override=elsewhere",
    "s3://a:b@other/images/x", "s3://other%2Fimages/x", "/data/rawx/y", "/data/raw/../y",
    "file:///data/raw/%2e%2e/y", "file://host/data/raw/y.jpg", "s3://bucket/pool/x?a=c",
])  # fmt: skip
def test_what_lies_elsewhere(uri: str) -> None:
    """Another credential or endpoint is another place, even if the rest is the same."""
    with pytest.raises(DataError, match=r"and is not read; if it may be read"):
        allowed_uri(uri, "s3://bucket/pool?a=b", (OTHER, "s3://other/images", "/data/raw"))


def test_permits_from_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Permits.of(None) == Permits()
    assert Permits.of(["a", "s3://b"], 5.0) == Permits((str(tmp_path / "a"), "s3://b"), 5.0)
    with pytest.raises(ConfigError, match="--allow-outside: give a folder, or a URI"):
        Permits.of([" "])


def test_columns_cannot_raise_the_limit_of_megapixels(pool: Path) -> None:
    huge = pa.array([100_000] * 5, pa.int32())
    change(pool, height=huge, width=huge)
    for permits, limit in ((Permits(), 179.0), (Permits(max_megapixels=1.0), 1.0), (IN_A_RUN, 1e4)):
        assert next(Pool.open(str(pool), permits).fetch(["i3"])).max_megapixels == limit


def test_files_that_never_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("pipe.jpg", "zero.jpg", "folder.jpg"):
        with pytest.raises(DataError, match=f"{name}': it is a device, pipe or folder, no file"):
            read_uri(str(tmp_path / name))
    monkeypatch.setattr(uris, "MAX_FILE_BYTES", 3 << 20)
    monkeypatch.setattr(uris, "READ_BYTES", 1 << 20)
    (tmp_path / "large.jpg").write_bytes(bytes(3 << 20))
    assert len(read_uri(str(tmp_path / "large.jpg"))) == 3 << 20
    (tmp_path / "large.jpg").write_bytes(bytes((3 << 20) + 1))
    with pytest.raises(DataError, match=r"large\.jpg': it has more than 3 MiB"):
        read_uri(str(tmp_path / "large.jpg"))
