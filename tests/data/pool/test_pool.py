"""Pools: written once, read a row group at a time, whatever their shards."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from raysal.data.decode import decode_image, encode_jpeg, encode_png, image_size
from raysal.data.pool.contact_sheet import contact_sheet
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import Unit
from raysal.data.pool.sources import Source, at_size, dataset_sources, folder_sources
from raysal.data.pool.stats import pool_stats
from raysal.data.pool.writer import write_pool
from raysal.errors import BadImagesError, DataError, PoolError
from tests.support.fake_datasets import fake_folder, picture


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Nested JPEG and PNG files, equal stems in two folders, one file cut, one no image at all."""
    root = tmp_path / "tree"
    files = {
        "a/1.jpg": encode_jpeg(picture(1)[0]),
        "b/1.png": encode_png(picture(2)[0]),
        "b/c/x.JPEG": encode_jpeg(picture(3, (20, 30))[0]),
        "b/c/y.PNG": encode_png(picture(3, (20, 30))[0]),
        "b/cut.jpg": encode_jpeg(picture(4)[0])[:1500],
        "z.png": encode_png(picture(1)[0]),
        "z2.png": encode_png(picture(1)[0]),
        "a/notes.txt": b"not an image, and not called one",
        "ü b.png": b"called an image",
    }
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


GOOD = ["a/1", "b/1", "b/c/x", "b/c/y", "z", "z2"]
FILES = ["a/1.jpg", "b/1.png", "b/c/x.JPEG", "b/c/y.PNG", "z.png", "z2.png"]
SHAPES = [
    {},
    {"row_group_images": 1},
    {"row_group_images": 2, "shard_bytes": 1},
    {"row_group_images": 4, "shard_bytes": 1},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_round_trip_of_a_tree(shape: dict[str, int], tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"), **shape)
    assert pool == Pool.open(str(tmp_path / "pool")) == pickle.loads(pickle.dumps(pool))
    assert list(pool.ids()) == GOOD
    assert pool.images == len(GOOD)
    assert [image_id for image_id, _ in pool.bad] == ["b/cut", "ü b"]
    assert "truncated" in pool.bad[0][1]
    reader = PoolReader(pool)
    rows = [row for unit in pool.units for row in reader.read(unit)]
    backwards = [reader.read(unit) for unit in reversed(pool.units)]
    assert rows == [row for unit_rows in reversed(backwards) for row in unit_rows]
    assert [row.image_id for row in rows] == GOOD
    assert rows[0].data == (tree / "a/1.jpg").read_bytes()
    assert rows[3].data == (tree / "b/c/y.PNG").read_bytes()
    assert [reader.ids(unit) for unit in pool.units] == [
        [row.image_id for row in PoolReader(pool).read(unit)] for unit in pool.units
    ]
    assert len({unit.name for unit in pool.units}) == len(pool.units)
    group = shape.get("row_group_images", 32)
    assert [unit.rows for unit in pool.units] == [
        min(group, 6 - start) for start in range(0, 6, group)
    ]
    if "shard_bytes" in shape:
        assert len(pool.shards) == len(pool.units)


def test_images_are_stored_at_another_size(tree: Path, tmp_path: Path) -> None:
    size = (16, 24)
    pool = write_pool(at_size(folder_sources(str(tree)), size), str(tmp_path / "pool"))
    assert list(pool.ids()) == GOOD
    assert [image_id for image_id, _ in pool.bad] == ["b/cut", "ü b"]
    rows = [row for unit in pool.units for row in PoolReader(pool).read(unit)]
    assert {(row.height, row.width) for row in rows} == {size}
    assert {image_size(row.data) for row in rows} == {size}
    original = decode_image((tree / "b/1.png").read_bytes(), size)
    stored = decode_image(rows[1].data, size)
    assert np.abs(stored.astype(int) - original).mean() < 6
    assert sum(len(row.data) for row in rows) < sum(len((tree / f).read_bytes()) for f in FILES)


def test_a_pool_of_paths_has_images_at_their_own_size_only(tree: Path) -> None:
    with pytest.raises(DataError, match="leave out --no-embed"):
        at_size(folder_sources(str(tree), embed=False), (16, 24))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fetch_what_is_wanted(shape: dict[str, int], tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"), **shape)
    wanted = ["z", "a/1", "b/c/x"]
    assert [row.image_id for row in pool.fetch(wanted)] == sorted(wanted)
    assert list(pool.fetch([])) == []
    with pytest.raises(PoolError, match="has no image 'no' and 1 others"):
        list(pool.fetch(["a/1", "no", "nor"]))


def test_uris_instead_of_bytes(tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree), embed=False), str(tmp_path / "pool"))
    assert list(pool.ids()) == GOOD
    rows = {row.image_id: row for row in pool.fetch(GOOD)}
    assert all(row.image is None for row in rows.values())
    assert rows["b/1"].data == (tree / "b/1.png").read_bytes()
    assert pool_stats(pool).bytes < 20_000
    (tree / "b/1.png").unlink()
    with pytest.raises(DataError, match=r"cannot read '.*b/1.png'"):
        _ = rows["b/1"].data


def test_images_with_several_frames_are_counted(tree: Path, tmp_path: Path) -> None:
    frames = [Image.fromarray(picture(seed)[0]) for seed in (1, 2)]
    for name in ("moving.gif", "scan.tif"):
        frames[0].save(tree / name, save_all=True, append_images=frames[1:])
    said: list[str] = []
    write_pool(folder_sources(str(tree)), str(tmp_path / "pool"), say=said.append)
    assert said == ["2 of 8 images have several frames or pages: the first is read"]
    write_pool(folder_sources(str(tree / "b")), str(tmp_path / "b"), say=said.append)
    assert len(said) == 1


def test_a_data_set_becomes_a_pool(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path / "data")
    pool = write_pool(dataset_sources(folder), str(tmp_path / "pool"))
    items = folder.items("train")
    assert list(pool.ids()) == [item.image_id for item in items]
    for item, row in zip(items, pool.fetch([i.image_id for i in items]), strict=True):
        assert row.data == Path(item.image).read_bytes()


def test_stats_and_contact_sheet(tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"), row_group_images=2)
    stats = pool_stats(pool)
    assert stats.images == 6
    assert stats.sizes == {(32, 48): 4, (20, 30): 2}
    assert stats.duplicates == 1
    shards = sum(path.stat().st_size for path in (tmp_path / "pool").glob("*.parquet"))
    assert stats.bytes == shards
    assert image_size(contact_sheet(pool, 40)) == (134, 6 * 160)
    assert image_size(contact_sheet(pool, 2)) == (134, 2 * 160)
    assert image_size(contact_sheet(pool, 1)) == (134, 160)


def test_a_contact_sheet_survives_an_image_that_is_gone(tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree), embed=False), str(tmp_path / "pool"))
    (tree / "z.png").unlink()
    assert image_size(contact_sheet(pool, 40)) == (134, 6 * 160)


def test_contact_sheet_wraps_after_eight(tmp_path: Path) -> None:
    png = encode_png(picture(0)[0])
    sources = [Source(f"{i:02d}", lambda: png) for i in range(20)]
    pool = write_pool(sources, str(tmp_path / "pool"))
    assert image_size(contact_sheet(pool, 20)) == (3 * 134, 8 * 160)


def test_without_a_manifest_it_is_no_pool(tree: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "pool")
    write_pool(folder_sources(str(tree)), uri, row_group_images=1, shard_bytes=1)
    (tmp_path / "pool" / MANIFEST).unlink()
    with pytest.raises(PoolError, match=r"no complete pool .* build one with 'raysal pool build'"):
        Pool.open(uri)
    with pytest.raises(PoolError, match=r"files that raysal did not make there \('part-00000"):
        write_pool(folder_sources(str(tree)), uri)
    assert len(list((tmp_path / "pool").iterdir())) == 6


def test_an_interrupted_build_leaves_no_pool(tree: Path, tmp_path: Path) -> None:
    def stop(looked_at: int) -> None:
        if looked_at == 4:
            raise KeyboardInterrupt

    uri = str(tmp_path / "pool")
    with pytest.raises(KeyboardInterrupt):
        write_pool(folder_sources(str(tree)), uri, row_group_images=1, progress=stop)
    with pytest.raises(PoolError, match="no complete pool"):
        Pool.open(uri)
    assert write_pool(folder_sources(str(tree)), uri).images == 6


def test_a_complete_pool_is_not_overwritten(tree: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "pool")
    write_pool(folder_sources(str(tree)), uri)
    with pytest.raises(PoolError, match="there is already a pool at"):
        write_pool([], uri)
    assert Pool.open(uri).images == 6


def test_too_many_unreadable_images(tree: Path, tmp_path: Path) -> None:
    write_pool(folder_sources(str(tree)), str(tmp_path / "fine"), max_bad_share=0.25)
    with pytest.raises(BadImagesError, match=r"2 of 8 images are unreadable.*'b/cut'"):
        write_pool(folder_sources(str(tree)), str(tmp_path / "bad"), max_bad_share=0.24)
    with pytest.raises(PoolError, match="no complete pool"):
        Pool.open(str(tmp_path / "bad"))


def test_empty_pools_and_folders(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match="no readable image"):
        write_pool([], str(tmp_path / "pool"))
    with pytest.raises(DataError, match=r"no folder '.*absent' to build a pool from"):
        folder_sources(str(tmp_path / "absent"))
    manifest = {"version": 1, "images": 0, "shards": [], "bad": []}
    (tmp_path / "pool").mkdir(exist_ok=True)
    (tmp_path / "pool" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(PoolError, match="contains no image"):
        Pool.open(str(tmp_path / "pool"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 7}', "has format version 7, this raysal reads 1; build it again"),
        ("{", "cannot read the pool at"),
    ],
)
def test_unusable_manifests(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(PoolError, match=message) as caught:
        Pool.open(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["gone", "cut", "garbage"])
def test_a_damaged_shard_is_named(damage: str, tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"))
    shard = tmp_path / "pool" / "part-00000.parquet"
    if damage == "gone":
        shard.unlink()
    else:
        data = shard.read_bytes()
        shard.write_bytes(data[: len(data) // 2] if damage == "cut" else b"PAR1 no PAR1")
    for call in (lambda: PoolReader(pool).read(pool.units[0]), lambda: list(pool.ids())):
        with pytest.raises(PoolError, match=r"cannot read part-00000.parquet of the pool") as e:
            call()
        assert "\n" not in str(e.value)


def test_columns_are_as_documented(tree: Path, tmp_path: Path) -> None:
    write_pool(folder_sources(str(tree)), str(tmp_path / "pool"))
    table = pq.read_table(tmp_path / "pool" / "part-00000.parquet")
    assert table.column_names == ["image_id", "image", "uri", "height", "width", "content_hash"]
    assert table.column("height").to_pylist() == [32, 32, 20, 20, 32, 32]


def test_a_reader_opens_each_shard_once(tree: Path, tmp_path: Path) -> None:
    """Footers of small images are longer than their units."""
    opened = []

    class Counting(Pool):
        def open_shard(self, shard: str) -> pq.ParquetFile:
            opened.append(shard)
            return super().open_shard(shard)

    made = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"), row_group_images=1)
    pool = Counting.open(made.uri)
    reader = PoolReader(pool)
    assert [row.image_id for unit in pool.units for row in reader.read(unit)] == GOOD
    assert opened == ["part-00000.parquet"]


def test_fingerprint(tree: Path, tmp_path: Path) -> None:
    """The same content in the same units has the same one, wherever it lies."""
    pools = {
        name: write_pool(folder_sources(str(tree)), str(tmp_path / name), **shape)
        for name, shape in (("a", {}), ("b", {}), ("c", {"row_group_images": 2}))
    }
    assert pools["a"].fingerprint == pools["b"].fingerprint != pools["c"].fingerprint
    (tree / "z.png").write_bytes(encode_png(picture(9)[0]))
    changed = write_pool(folder_sources(str(tree)), str(tmp_path / "d"))
    assert list(changed.ids()) == list(pools["a"].ids())
    assert changed.fingerprint != pools["a"].fingerprint
    hashes = [PoolReader(pool).hashes(pool.units[0]) for pool in (pools["a"], changed)]
    assert [i for i in hashes[0] if hashes[0][i] != hashes[1][i]] == ["z"]
    assert hashes[0] == {
        row.image_id: row.content_hash
        for row in PoolReader(pools["a"]).read(Unit("part-00000.parquet", 0, 6))
    }


def test_an_image_that_has_changed_is_noticed(tree: Path, tmp_path: Path) -> None:
    """In the pool it is damage; elsewhere, an image that cannot be used."""
    write_pool(folder_sources(str(tree)), str(tmp_path / "pool"))
    shard = tmp_path / "pool" / "part-00000.parquet"
    image = (tree / "a/1.jpg").read_bytes()
    data = shard.read_bytes()
    assert data.count(image) == 1
    shard.write_bytes(data.replace(image, image[:-9] + b"X" + image[-8:]))
    with pytest.raises(PoolError, match=r"part-00000.parquet|'a/1' in the pool is damaged"):
        _ = [row.data for row in Pool.open(str(tmp_path / "pool")).fetch(["a/1"])]
    elsewhere = write_pool(folder_sources(str(tree), embed=False), str(tmp_path / "paths"))
    (tree / "a/1.jpg").write_bytes((tree / "b/1.png").read_bytes())
    (row,) = elsewhere.fetch(["a/1"])
    with pytest.raises(DataError, match=r"1.jpg' is damaged or not the image that the pool was b"):
        _ = row.data


def test_shards_are_those_of_the_manifest(tree: Path, tmp_path: Path) -> None:
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "a"), row_group_images=2)
    pool.check()
    shard = tmp_path / "a" / "part-00000.parquet"
    whole = shard.read_bytes()
    write_pool(folder_sources(str(tree / "b")), str(tmp_path / "b"), row_group_images=2)
    other = (tmp_path / "b" / "part-00000.parquet").read_bytes()
    changed = whole.replace(b"b/c/x", b"b/c/z")
    for data in (b"", whole[:-1], other, changed):
        shard.write_bytes(data)
        with pytest.raises(PoolError, match=r"the pool at '.*/a'"):
            pool.check()
    shard.unlink()
    with pytest.raises(PoolError, match=r"part-00000.parquet of the pool .* is missing or damaged"):
        pool.check()
    shard.write_bytes(whole)
    pool.check()


def test_a_row_group_of_large_images_ends_earlier(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [path.stat().st_size for path in tree.rglob("*") if path.is_file()]
    monkeypatch.setattr("raysal.data.pool.writer.ROW_GROUP_BYTES", max(sizes) + 1)
    pool = write_pool(folder_sources(str(tree)), str(tmp_path / "pool"))
    assert len(pool.units) > 1
    assert [row.image_id for row in pool.fetch(GOOD)] == GOOD
