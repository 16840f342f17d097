"""What data are: ids and contents, wherever they lie; found again without reading files twice."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysal.data import identity as module
from raysal.data.identity import (
    Identity,
    changes,
    contents_hash,
    identify,
    shared_contents,
)
from raysal.data.identity_file import read_identity, write_identity
from raysal.data.sets.base import SPLITS, Dataset
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.registry import DATASETS
from raysal.data.sets.streets.dataset import Streets
from raysal.errors import DataError
from tests.support.fake_datasets import FAKES, fake_camvid, fake_folder

ON_DISK = [kind for kind in DATASETS if kind is not Streets]


@pytest.fixture(params=ON_DISK, ids=lambda kind: kind.__name__)
def make(request: pytest.FixtureRequest) -> Callable[[Path], Dataset]:
    return FAKES[request.param]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the files that are read to be hashed."""
    names: list[str] = []
    digest = hashlib.file_digest

    def noted(file, kind):
        names.append(file.name)
        return digest(file, kind)

    monkeypatch.setattr(module.hashlib, "file_digest", noted)
    return names


def opened(dataset: Dataset) -> Dataset:
    """The same data set as the next command sees it."""
    return type(dataset).model_validate(dataset.dump())


def hashes(identity: Identity) -> dict[str, dict[str, tuple[bytes, bytes]]]:
    return {
        split: {i: (images.image.hash, images.mask.hash) for i, images in of_split.items()}
        for split, of_split in identity.items()
    }


@pytest.mark.parametrize("kind", DATASETS, ids=lambda kind: kind.__name__)
def test_every_image_of_every_split_has_its_contents(kind: type[Dataset], tmp_path: Path) -> None:
    dataset = FAKES[kind](tmp_path)
    found = identify(dataset)
    for split in SPLITS:
        assert list(found[split]) == [item.image_id for item in dataset.items(split)]
        assert found[split]
    contents = [images.image.hash for of_split in found.values() for images in of_split.values()]
    assert len(set(contents)) > 4  # The fake Cityscapes repeats its images.
    assert all(len(content) == 16 for content in contents)
    assert identify(opened(dataset)) == found


def test_contents_are_those_of_the_files(make: Callable[[Path], Dataset], tmp_path: Path) -> None:
    dataset = make(tmp_path)
    item = dataset.items("test")[0]
    image, mask = Path(item.image), Path(item.label)
    found = identify(dataset)["test"][item.image_id]
    for path, content in ((image, found.image), (mask, found.mask)):
        data = path.read_bytes()
        assert content.hash == hashlib.blake2b(data, digest_size=16).digest()
        assert content.size_bytes == len(data)
        assert content.mtime_ns == path.stat().st_mtime_ns


def test_a_copy_elsewhere_has_the_same_contents(
    make: Callable[[Path], Dataset], tmp_path: Path
) -> None:
    first, second = make(tmp_path / "one"), make(tmp_path / "two")
    there = {path: path.stat().st_mtime_ns + 10**9 for path in (tmp_path / "two").rglob("*.*")}
    for path, mtime_ns in there.items():
        os.utime(path, ns=(mtime_ns, mtime_ns))
    before, now = identify(first), identify(second, identify(first))
    assert before != now
    assert hashes(before) == hashes(now)
    assert changes(before, now) == ()


def test_only_files_that_were_touched_are_read_again(tmp_path: Path, hashed: list[str]) -> None:
    dataset = fake_folder(tmp_path)
    before = identify(dataset)
    assert len(hashed) == 24
    hashed.clear()
    assert identify(opened(dataset), before) == before
    assert hashed == []
    image = Path(dataset.items("val")[0].image)
    os.utime(image, ns=(1, 1))
    now = identify(opened(dataset), before)
    assert hashed == [str(image)]
    assert changes(before, now) == ()
    assert identify(opened(dataset), now) == now
    assert hashed == [str(image)]


def test_a_longer_file_of_the_same_time_is_read_again(tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    before = identify(dataset)
    mask = Path(dataset.items("val")[0].label)
    time_ns = mask.stat().st_mtime_ns
    mask.write_bytes(mask.read_bytes() + b"\0")
    os.utime(mask, ns=(time_ns, time_ns))
    assert [str(change) for change in changes(before, identify(opened(dataset), before))] == [
        "the masks of 1 image of the val split changed ('town0/008')"
    ]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("part", ["image", "mask"])
def test_another_content_is_named(
    make: Callable[[Path], Dataset], split: str, part: str, tmp_path: Path
) -> None:
    dataset = make(tmp_path)
    before = identify(dataset)
    item = dataset.items(split)[-1]
    file = Path(item.image if part == "image" else item.label)
    file.write_bytes(file.read_bytes()[:-1])
    (change,) = changes(before, identify(opened(dataset), before))
    assert (change.split, change.what, change.ids) == (split, part, (item.image_id,))
    assert f"'{item.image_id}'" in str(change)


def test_edited_lists_and_moved_images_are_named(tmp_path: Path) -> None:
    camvid = fake_camvid(tmp_path, train=6)
    before = identify(camvid)
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    lines = train.read_text().splitlines()
    train.write_text("\n".join(lines[:1]))
    for line in lines[5:]:
        stem = Path(line.split()[0]).stem
        shutil.move(tmp_path / "train" / f"{stem}.png", tmp_path / "test")
        shutil.move(tmp_path / "trainannot" / f"{stem}.png", tmp_path / "testannot")
        test.write_text(test.read_text() + line)
    found = changes(before, identify(CamVid(root=str(tmp_path), size=camvid.size), before))
    ids = list(before["train"])
    moved = Path(lines[5].split()[0]).stem
    assert [(change.split, change.what, len(change.ids)) for change in found] == [
        ("train", "gone", 5),
        ("test", "new", 1),
    ]
    gone = [i for i in ids if i != Path(lines[0].split()[0]).stem]
    assert str(found[0]) == (
        f"5 images gone from the train split ('{gone[0]}', '{gone[1]}', '{gone[2]}' and 2 more)"
    )
    assert str(found[1]) == f"1 image added to the test split ('{moved}')"


def test_files_added_under_the_hash_split_are_named_and_not_read(
    tmp_path: Path, hashed: list[str]
) -> None:
    dataset = fake_folder(tmp_path, images=12, lists=False, shares=(0.3, 0.3))
    before = identify(dataset)
    hashed.clear()
    more = fake_folder(tmp_path / "more", images=30, lists=False, shares=(0.3, 0.3))
    for tree in ("images", "masks"):
        for path in (tmp_path / "more" / tree).rglob("*.*"):
            to = tmp_path / tree / path.relative_to(tmp_path / "more" / tree)
            if not to.exists():
                shutil.copy(path, to)
    found = changes(before, identify(opened(dataset), before))
    expected = {split: {item.image_id for item in more.items(split)} for split in SPLITS}
    assert {change.what for change in found} == {"new"}
    assert {change.split: set(change.ids) for change in found} == {
        split: ids - before[split].keys() for split, ids in expected.items()
    }
    assert hashed == []


def test_the_hash_of_a_split_is_of_its_contents(tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    test = identify(dataset)["test"]
    renamed = {f"other/{image_id}": images for image_id, images in reversed(test.items())}
    assert contents_hash(renamed) == contents_hash(test)
    one, other = test.values()
    assert contents_hash({"a": one}) != contents_hash(test)
    assert contents_hash({"a": one, "b": one}) != contents_hash({"a": one})
    swapped = {"a": one._replace(mask=other.mask), "b": other._replace(mask=one.mask)}
    assert contents_hash(swapped) != contents_hash(test)
    nothing = one._replace(image=module.UNREADABLE)
    assert contents_hash({"a": nothing}) != contents_hash({"b": nothing})


def test_scenes_are_what_they_are_drawn_from() -> None:
    def test_split(**settings: int) -> str:
        return contents_hash(identify(Streets(train=3, val=1, **settings))["test"])

    here = test_split(test=5)
    assert here == contents_hash(identify(Streets(train=9, val=0, test=5, size=(48, 64)))["test"])
    assert len({here, test_split(test=4), test_split(test=5, scene_seed=1)}) == 3


def test_an_unreadable_file_is_not_another_one(tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    item = dataset.items("train")[0]
    Path(item.image).unlink()
    Path(item.image).mkdir()
    before = identify(dataset)
    assert before["train"][item.image_id].image == module.UNREADABLE
    assert changes(before, identify(dataset, before)) == ()
    Path(item.image).rmdir()
    Path(item.image).write_bytes(b"back")
    assert [c.what for c in changes(before, identify(dataset, before))] == ["image"]


def test_identical_images_of_two_splits_are_named(tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    assert shared_contents(identify(dataset)) == ()
    train, val, test = (dataset.items(split) for split in SPLITS)
    for copy, original in ((test[0], train[1]), (test[1], train[1]), (val[0], test[1])):
        Path(copy.image).write_bytes(Path(original.image).read_bytes())
    # Of a mask alone, many images may have the same.
    Path(test[0].label).write_bytes(Path(train[5].label).read_bytes())
    found = shared_contents(identify(opened(dataset)))
    same = train[1].image_id
    a, b, c = val[0].image_id, test[0].image_id, test[1].image_id
    assert [(shared.splits, shared.ids) for shared in found] == [
        (("train", "val"), ((same, a),)),
        (("train", "test"), ((same, b), (same, c))),
        (("val", "test"), ((a, b), (a, c))),
    ]
    assert str(found[1]) == (
        f"2 images of the test split are identical to images of the train split ('{b}' = "
        f"'{same}', '{c}' = '{same}'): the splits are not independent, "
        "and mIoU may be too high"
    )


def test_the_file_gives_back_what_was_written(
    make: Callable[[Path], Dataset], tmp_path: Path
) -> None:
    found = identify(make(tmp_path))
    file = tmp_path / "identity.parquet"
    write_identity(file, found)
    assert read_identity(file) == {split: images for split, images in found.items() if images}


def _flip(data: bytes, at: random.Random) -> bytes:
    place = at.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << at.randrange(8)]) + data[place + 1 :]


DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": lambda data, at: data[: at.randrange(len(data))],
    "flipped": _flip,
    "empty": lambda data, at: b"",
    "zeroed": lambda data, at: data[: (p := at.randrange(len(data)))] + bytes(len(data) - p),
    "text": lambda data, at: b"split,image_id\ntrain,a\n" * at.randrange(1, 9),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_one_line(kind: str, tmp_path: Path) -> None:
    found = identify(fake_folder(tmp_path))
    file = tmp_path / "identity.parquet"
    write_identity(file, found)
    data, at = file.read_bytes(), random.Random(kind)
    refusals = []
    for _ in range(60):
        file.write_bytes(DAMAGE[kind](data, at))
        try:
            assert read_identity(file) == found  # A bit that Parquet does not read.
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) > 20
    assert all(f"{file} is damaged" in line for line in refusals)


def test_a_parquet_file_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "identity.parquet"
    pq.write_table(pa.table({"image_id": ["a"], "split": ["train"]}), file)
    with pytest.raises(DataError, match="damaged or not written by raysal"):
        read_identity(file)
