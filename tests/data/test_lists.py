"""Lists of ids as people have them: each is understood, or refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.data.lists import match, nearest, read_lines
from raysal.data.sets.folder import Folder
from raysal.errors import DataError
from tests.support.fake_datasets import fake_camvid, fake_folder

IDS = ["town0/000", "town1/001"]


def named(folder: Folder, listing: str | bytes) -> list[str]:
    data = listing.encode() if isinstance(listing, str) else listing
    Path(folder.lists["val"]).write_bytes(data)
    return [item.image_id for item in folder.items("val")]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return fake_folder(tmp_path)


WAYS = {
    "plain": "{}",
    "suffix": "{}.jpg",
    "other suffix": "{}.PNG",
    "mixed case": "{}.Jpg",
    "dot": "./{}.jpg",
    "dots": ".//town0/../{}",
    "root": "images/{}.jpg",
    "root in other case": "Images/{}.jpg",
    "absolute": "/home/somebody/images/{}.jpg",
    "windows": r"C:\data\images\{}.jpg",
    "white space": "  {}  ",
    "image and mask": "/SegNet/images/{0}.png /SegNet/masks/{0}.png",
    "tab": "{0}.jpg\tmasks/{0}.png",
    "comma": "{0}.jpg,masks/{0}.png,1",
    "comma and blank": "{0}.jpg, masks/{0}.png",
    "semicolon": "{0};1;2",
    "quotes": '"{0}.jpg","masks/{0}.png"',
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
def test_an_image_is_named_in_many_ways(way: str, end: str, folder: Folder) -> None:
    assert named(folder, end.join(way.format(i) for i in IDS)) == IDS
    if way != WAYS["windows"]:
        text = end.join(way.format(i).replace("/", "\\") for i in IDS)
        assert named(folder, text) == IDS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_are_read(encoding: str, folder: Folder) -> None:
    assert named(folder, "\r\n".join(IDS).encode(encoding)) == IDS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("town0/000\nhöhe\n".encode("latin-1"), r"line 2: no image 'höhe' \(read as Windows-1252"),
        (b"town0/000\n\n\x81\n", r"val.txt: line 3 is not UTF-8 .*; save the file as UTF-8"),
        ("town0/000".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"\xff\xfea\x00b", "begins as UTF-16 and is not; save it as UTF-8"),
        (b"\xef\xbb\xbf\xff", "begins as UTF-8 and is not; save it as UTF-8"),
    ],
)
def test_other_encodings_are_named(data: bytes, message: str, folder: Folder) -> None:
    with pytest.raises(DataError, match=message) as caught:
        named(folder, data)
    assert folder.lists["val"] in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_old_encodings_are_guessed_and_said(encoding: str, folder: Folder) -> None:
    assert folder.remarks() == []
    for tree in ("images", "masks"):
        there = next((Path(folder.images).parent / tree).glob("town0/000.*"))
        there.rename(there.with_stem("höhe"))
    renamed = Folder.model_validate(folder.dump())
    for name in renamed.lists.values():
        Path(name).write_bytes("# für später\ntown0/höhe.jpg\ntown1/001".encode(encoding))
    assert [item.image_id for item in renamed.items("val")] == ["town0/höhe", "town1/001"]
    assert renamed.remarks() == [
        f"{name} is not UTF-8 and was read as Windows-1252; every line names an image"
        for name in sorted(renamed.lists.values())
    ]


def test_comments_and_ids_that_look_like_one(folder: Folder) -> None:
    assert named(folder, "# my list\n#town0/000\ntown1/001\n") == ["town1/001"]
    for tree, suffix in (("images", ".png"), ("masks", ".png")):
        whole = Path(folder.images).parent / tree / "town1/001.png"
        (Path(folder.images).parent / tree / f"# 1{suffix}").write_bytes(whole.read_bytes())
    again = Folder.model_validate(folder.dump())
    assert named(again, "# my list\n# 1\n") == ["# 1"]


def test_the_whole_line_comes_before_its_columns() -> None:
    known = ["IMG_1", "IMG_1 (2)", "a,b", "a", "x.jpg", "images/a"]
    path = Path("list")

    def ids(*texts: str) -> list[str]:
        from raysal.data.lists import Line

        found, unknown = match([Line(path, 1, text) for text in texts], known, "images")
        assert unknown == []
        return found

    assert ids("IMG_1 (2)", "IMG_1", "IMG_1 (3)") == ["IMG_1 (2)", "IMG_1", "IMG_1"]
    assert ids("a,b", "a,c", "a,b.jpg") == ["a,b", "a", "a,b"]
    assert ids("x.jpg", "x.jpg.png") == ["x.jpg", "x.jpg"]
    assert ids("images/a", "images/IMG_1.jpg", "my/images/images/a") == [
        "images/a", "IMG_1", "images/a"
    ]  # fmt: skip


@pytest.mark.parametrize("forms", [("h\u00f6he", "ho\u0308he"), ("ho\u0308he", "h\u00f6he")])
def test_accents_may_be_composed_or_not(forms: tuple[str, str], folder: Folder) -> None:
    for tree in ("images", "masks"):
        place = Path(folder.images).parent / tree
        (place / "town1/001.png").rename(place / f"town1/{forms[0]}.png")
    again = Folder.model_validate(folder.dump())
    assert named(again, f"images/town1/{forms[1]}.png") == [f"town1/{forms[0]}"]


def test_ids_that_match_nothing_come_with_the_nearest(folder: Folder) -> None:
    with pytest.raises(DataError, match=r"val.txt: line 3: no image 'town0/0000'") as caught:
        named(folder, "town0/000\n\ntown0/0000\nelsewhere\n")
    assert "(and 1 more lines name none)" in str(caught.value)
    assert "; nearest: 'town0/000'" in str(caught.value)
    assert folder.images in str(caught.value)
    with pytest.raises(DataError, match=r"no image 'qqqqqqqq'; ids are such as 'town0/000'"):
        named(folder, "qqqqqqqq")


def test_nearest_in_a_large_pool_is_quick() -> None:
    known = [f"{k % 700:03d}/{k:07d}" for k in range(200_000)]
    assert nearest("012/000012", known).startswith("; nearest: '012/")
    assert nearest("x", []) == ""


def test_lines_are_numbered_as_editors_do(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes("a\u2028b\x0cc\r\n\r\n d \n".encode())
    assert [(line.number, line.text) for line in read_lines(file)] == [
        (1, "a\u2028b\x0cc"), (3, "d")
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"cannot read '.*absent'"):
        read_lines(tmp_path / "absent")


def test_lists_of_camvid_may_have_backslashes_and_marks(tmp_path: Path) -> None:
    camvid = fake_camvid(tmp_path)
    before = camvid.items("train")
    listing = tmp_path / "train.txt"
    listing.write_bytes(listing.read_text().replace("/", "\\").encode("utf-16"))
    assert camvid.items("train") == before
    listing.write_bytes(b"h\xf6he.png\n")
    with pytest.raises(DataError, match=r"no image .*höhe .* but its list names it"):
        camvid.items("train")
