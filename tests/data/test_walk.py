"""Which files of a folder are images, and what is said of the others."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from raysal.data.pool.sources import folder_sources
from raysal.data.walk import find_images, is_hidden
from raysal.errors import DataError
from tests.support.fake_datasets import fake_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for name in ("b/2.jpg", "a/1.PNG", "a.b/c.d.jpeg", "z.webp", "y.TIF"):
        touch(root / name)
    return root


IDS = ["a/1", "a.b/c.d", "b/2", "y", "z"]


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_images_by_id_in_order_of_path(root: Path) -> None:
    found = find_images(root)
    assert list(found.images) == IDS
    assert found.images["a/1"] == root / "a/1.PNG"
    assert found.remark is None


def test_all_that_pillow_reads_is_an_image(tmp_path: Path) -> None:
    text = "jpg jpeg jpe jfif png webp tif tiff bmp gif ppm pgm avif jp2 tga qoi"
    read = text.split()
    for suffix in (*read, "txt", "pdf", "eps", "mp4", "json", "json", "HEIC"):
        touch(tmp_path / f"{len(list(tmp_path.iterdir()))}.{suffix}")
    touch(tmp_path / "README")
    found = find_images(tmp_path)
    assert len(found.images) == len(read)
    assert found.passed_over == {
        ".json": 2, ".txt": 1, ".pdf": 1, ".eps": 1, ".mp4": 1, ".heic": 1, "without suffix": 1
    }  # fmt: skip
    assert found.remark is not None
    assert found.remark.startswith(f"{tmp_path}: {len(read)} images; passed over: 2 .json, 1 ")


def test_many_kinds_are_summed_up(tmp_path: Path) -> None:
    for number in range(20):
        touch(tmp_path / f"x.s{number}")
    remark = find_images(tmp_path).remark
    assert remark is not None
    assert remark.endswith(", 12 others")


@pytest.mark.parametrize(
    "name",
    ["._2.jpg", ".hidden.png", "__MACOSX/b/2.jpg", ".ipynb_checkpoints/2-checkpoint.jpg",
     "b/.Trash/2.jpg", "Thumbs.db", "b/THUMBS.DB", "@eaDir/2.jpg", ".git/2.jpg"],
)  # fmt: skip
def test_hidden_names_are_no_data(name: str, root: Path) -> None:
    touch(root / name)
    found = find_images(root)
    assert list(found.images) == IDS
    assert found.passed_over == {"hidden": 1}


def test_only_names_below_the_root_can_hide(tmp_path: Path) -> None:
    touch(tmp_path / ".data/a.jpg")
    assert list(find_images(tmp_path / ".data").images) == ["a"]
    assert not is_hidden("a.jpg")


def test_linked_folders_and_files_are_followed(root: Path, tmp_path: Path) -> None:
    for name in ("disk/1.jpg", "disk/deep/2.jpg", "one.jpg"):
        touch(tmp_path / name)
    (root / "other").symlink_to(tmp_path / "disk")
    (root / "one.jpg").symlink_to(tmp_path / "one.jpg")
    assert set(find_images(root).images) == {*IDS, "one", "other/1", "other/deep/2"}
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    assert len(find_images(linked).images) == 8


def test_links_in_a_circle_end_and_no_folder_is_found_twice(root: Path, tmp_path: Path) -> None:
    (root / "a/up").symlink_to(root)
    (root / "0 again").symlink_to(root / "b")
    (root / "self").symlink_to("self")
    (root / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "disk/back").mkdir(parents=True)
    (tmp_path / "disk/back/root").symlink_to(root)
    (root / "disk").symlink_to(tmp_path / "disk")
    found = find_images(root)
    assert list(found.images) == IDS
    assert found.passed_over == {"links to folders found before": 3, "broken links": 2}


def test_what_is_no_file_is_passed_over(root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    assert find_images(root).passed_over == {"not files": 1}


def test_a_by_product_does_not_double_an_image(root: Path) -> None:
    for name in ("b/2.tif", "a/1.gif", "a/1.bmp"):
        touch(root / name)
    found = find_images(root)
    assert list(found.images) == IDS
    assert found.images["a/1"].name == "1.PNG"
    assert found.images["b/2"].name == "2.jpg"
    assert found.passed_over == {"beside a JPEG or PNG of the same name": 3}


@pytest.mark.parametrize("names", [("b/2.JPG",), ("b/2.png",), ("z.bmp",)])
def test_two_images_of_one_id_are_refused(names: tuple[str, ...], root: Path) -> None:
    for name in names:
        touch(root / name)
    with pytest.raises(DataError, match=r"would have the same id; rename one") as caught:
        find_images(root)
    assert str(root / names[0]) in str(caught.value)


def test_names_that_are_not_utf8_are_shown_escaped(root: Path) -> None:
    for name in (b"h\xf6he.jpg", b"\xe4.png"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"")
    for call in (lambda: find_images(root), lambda: folder_sources(str(root))):
        with pytest.raises(DataError, match=r"'h\\xf6he.jpg' and 1 others is not UTF-8") as caught:
            call()
        str(caught.value).encode()


def test_other_files_may_have_any_name(root: Path) -> None:
    for name in (b"h\xf6he.txt", b"a.\xf6"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"")
    remark = find_images(root).remark
    assert remark is not None
    assert r"1 .\xf6" in remark
    remark.encode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_said(root: Path) -> None:
    (root / "b").chmod(0)
    assert find_images(root).passed_over["folders that cannot be read (Permission denied)"] == 1
    (root / "b").chmod(0o700)


def test_a_data_set_and_a_pool_say_what_was_passed_over(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    assert list(folder.remarks()) == []
    touch(tmp_path / "images" / "town0" / "notes.txt")
    touch(tmp_path / "images" / ".DS_Store")
    folder = type(folder).model_validate(folder.dump())
    (line,) = folder.remarks()
    assert Counter(line.split(": ")[-1].split(", ")) == Counter(["1 .txt", "1 hidden"])
    said: list[str] = []
    assert len(folder_sources(str(tmp_path / "images"), say=said.append)) == 12
    assert said == [line]
