"""Masks as PNG: ids or colours, and everything that is wrong with them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.classes import Classes
from raysal.annotate.exchange.masks import to_png
from raysal.annotate.take import Options, take_answers
from raysal.cli.terminal import Terminal
from raysal.errors import DataError
from raysal.progress import Silent
from tests.support.asked_images import (
    NAMES,
    PALETTE,
    asked_for,
    asked_image,
    image_file,
    random_raster,
    recognised,
    stored,
    take,
)

CLASSES = Classes(NAMES, PALETTE)
COLOURS = np.zeros((256, 3), np.uint8)
COLOURS[:4] = PALETTE
IMAGE = asked_image("i", (6, 8))
RASTER = random_raster(IMAGE, 3)
RASTER[0, :4] = range(4)


def png(array: np.ndarray, kind: str = "PNG", **more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format=kind, **more)
    return buffer.getvalue()


def palette_png(indices: np.ndarray, colours: list[tuple[int, int, int]]) -> bytes:
    image = Image.fromarray(indices)
    image.putpalette(np.array(colours, np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def with_alpha(raster: np.ndarray) -> np.ndarray:
    alpha = np.where(raster == 255, 0, 255).astype(np.uint8)
    red = np.where((raster == 255)[..., None], np.uint8(77), COLOURS[raster])
    return np.dstack([red, alpha])


# As an editor that makes a palette of its own stores the first classes in reverse.
REVERSED = palette_png(np.where(RASTER == 255, 4, 3 - RASTER).astype(np.uint8), [
    *PALETTE[::-1], (0, 0, 0)
])  # fmt: skip
OTHER_PALETTE = palette_png(RASTER, [(n, n, n) for n in range(256)])

GOOD = {
    "ids": (png(RASTER), ""),
    "16 bits": (png(RASTER.astype(np.uint16)), ""),
    "TIFF": (png(RASTER, "TIFF"), ""),
    "our palette": (to_png(RASTER, CLASSES), ""),
    "another palette": (OTHER_PALETTE, ""),
    "colours": (png(COLOURS[RASTER]), ""),
    "colours and alpha": (png(with_alpha(RASTER)), ""),
    "three equal channels": (png(np.dstack([RASTER] * 3)), "read as class ids"),
}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [IMAGE])


def folder(tmp_path: Path, **files: bytes) -> Path:
    path = tmp_path / "given"
    path.mkdir()
    for name, data in files.items():
        (path / f"{name}.png").write_bytes(data)
    return path


@pytest.mark.parametrize("case", GOOD)
def test_ids_and_colours_are_told_apart(case: str, asked: Asked, tmp_path: Path) -> None:
    data, remark = GOOD[case]
    (row,) = take(asked, folder(tmp_path, i=data)).values()
    assert (row.result, remark in row.remark) == ("taken", True), row
    np.testing.assert_array_equal(stored(asked)["i"], RASTER)


@pytest.mark.parametrize(
    ("by_colour", "expected"),
    [(True, RASTER), (False, np.where(RASTER == 255, 255, 3 - RASTER))],
)
def test_where_they_differ_one_must_say_which(
    by_colour: bool, expected: np.ndarray, asked: Asked, tmp_path: Path
) -> None:
    """Class 4 does not exist, so that colours count; without index 4, it is not clear."""
    unclear = np.minimum(RASTER, 3)
    clear = palette_png((3 - unclear).astype(np.uint8), list(PALETTE[::-1]))
    given = folder(tmp_path, i=clear)
    (row,) = take(asked, given).values()
    assert row.result == "not taken"
    assert "say which is right with --ids or --colours" in row.remark
    (row,) = take(asked, given, by_colour=by_colour).values()
    assert row.result == "taken"
    np.testing.assert_array_equal(stored(asked)["i"], np.minimum(expected, 3) if by_colour
                                  else 3 - unclear)  # fmt: skip


def test_a_palette_of_an_editor(asked: Asked, tmp_path: Path) -> None:
    (row,) = take(asked, folder(tmp_path, i=REVERSED)).values()
    assert row.result == "taken"
    assert "read by its colours" in row.remark
    np.testing.assert_array_equal(stored(asked)["i"], RASTER)


SMOOTH = COLOURS[RASTER]
SMOOTH[0, 0] += 1
BAD: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "JPEG": (png(RASTER, "JPEG"), {}, "must be stored without loss"),
    "an image": (image_file((6, 8), "PNG"), {}, "colours of no class"),
    "no image": (b"hello", {}, "not a readable image"),
    "truncated": (png(RASTER)[:-30], {}, "truncated or damaged"),
    "smooth borders": (png(SMOOTH), {}, "colours of no class: [71, 131, 181] in 1 pixels"),
    "an id too many": (png(RASTER * 0 + 9), {}, "no class has the id 9"),
    "ids above 255": (png(RASTER.astype(np.uint16) * 0 + 300), {}, "no class has the id 300"),
    "another size": (png(RASTER[:3, :4]), {}, "the program made the picture smaller or larger"),
    "another shape": (png(RASTER[:3]), {}, "the answer is 3x8, the image 6x8 (height x width)"),
    "turned": (png(RASTER.T.copy()), {}, "without its EXIF orientation?"),
    "nothing": (png(RASTER * 0 + 255), {}, "nothing is drawn on it"),
    "ids for colours": (png(RASTER), {"by_colour": True}, "colours of no class"),
    "colours for ids": (png(COLOURS[RASTER]), {"by_colour": False}, "has several channels"),
    "floats": (png(RASTER.astype(np.float32), "TIFF"), {}, "must have one channel"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_a_row(case: str, asked: Asked, tmp_path: Path) -> None:
    data, options, reason = BAD[case]
    (row,) = take(asked, folder(tmp_path, i=data), **options).values()
    assert row.result == "not taken"
    assert reason in row.remark
    assert stored(asked) == {}


ONE = np.ones((6, 8), np.uint8)
OWN_PALETTE = [(0, 0, 0), *((9 * n, 7, n) for n in range(1, 6))]
FROM_0, LAST = png(RASTER), png(4 * ONE)
COUNTED = RASTER + np.uint8(1)  # 255, not labelled, becomes 0.
ABSENT, UNLABELLED = "0 occurs in no mask", "0 seems to be what is not labelled, which must be 255"
FROM_1 = {
    "0 occurs in no mask": ([png(ONE), png(2 * ONE), LAST], "c.png", ABSENT),
    "0 is not labelled": ([png(COUNTED % 4), LAST, png(COUNTED)], "b.png", UNLABELLED),
    "with a palette": ([palette_png(COUNTED, OWN_PALETTE)] * 3, "a.png", UNLABELLED),
    "in three channels": ([png(np.dstack([COUNTED] * 3))] * 3, "a.png", UNLABELLED),
    "beside colours": ([png(COLOURS[RASTER]), png(ONE), LAST], "c.png", ABSENT),
    "beside damage": ([b"hello", png(ONE), LAST], "c.png", ABSENT),
    "beside others": ([FROM_0, png(ONE), LAST], "c.png", UNLABELLED),
}


@pytest.fixture
def three(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [asked_image(name, (6, 8)) for name in "abc"])


@pytest.mark.parametrize("case", FROM_1)
def test_ids_from_1(case: str, three: Asked, tmp_path: Path) -> None:
    """Nothing is taken: masks without the last class would be taken with shifted classes."""
    masks, first, about_0 = FROM_1[case]
    given = folder(tmp_path, **dict(zip("abc", masks, strict=True)))
    with pytest.raises(DataError, match="class ids seem to be counted from 1") as error:
        take(three, given)
    assert f"{first} has the id 4, but the last class, 'car', is 3; {about_0}" in str(error.value)
    assert stored(three) == {}


def test_ids_from_1_without_the_last_class(
    three: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It cannot be told, and is said."""
    given = folder(tmp_path, a=png(ONE), b=png(2 * ONE), c=png(3 * ONE))
    asked_twice = [
        [row.result for row in take_answers(three, given, Options(), watch)]
        for watch in (Terminal(), Silent())
    ]
    assert asked_twice == [["taken"] * 3, ["unchanged"] * 3]
    said = "class id 0 ('sky') occurs in none of the 3 masks; if their ids are counted from 1"
    assert said in capsys.readouterr().out
    (given / "c.png").write_bytes(png(0 * ONE))
    list(take_answers(three, given, Options(), Terminal()))
    assert "occurs in none" not in capsys.readouterr().out


def test_more_ids_than_classes_are_of_another_list(three: Asked, tmp_path: Path) -> None:
    """Then ids do not count from 1, and only the masks that have them are refused."""
    given = folder(tmp_path, a=png(0 * ONE), b=png(4 * ONE), c=png(7 * ONE))
    rows = take(three, given)
    assert [rows[name].result for name in "abc"] == ["taken", "not taken", "not taken"]


def test_colours_whose_palette_has_more_entries(three: Asked, tmp_path: Path) -> None:
    """The index of what is not labelled is 4, as an id would be; colours count."""
    rows = take(three, folder(tmp_path, a=REVERSED, b=png(0 * ONE), c=REVERSED))
    assert {row.result for row in rows.values()} == {"taken"}
    with pytest.raises(DataError, match="counted from 1"):
        take(three, tmp_path / "given", by_colour=False)


def test_an_archive_is_as_good_as_a_folder(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("SegmentationMasks/i.png", png(RASTER))
    assert recognised(path) == "png"
    (row,) = take(asked, path).values()
    assert row.result == "taken"


def test_one_file(asked: Asked, tmp_path: Path) -> None:
    (row,) = take(asked, folder(tmp_path, i=png(RASTER)) / "i.png").values()
    assert row.result == "taken"


def test_label_studios_pngs_are_refused(tmp_path: Path) -> None:
    given = folder(tmp_path, **{"task-3-annotation-1-by-1-tag-sky-0": png(RASTER)})
    with pytest.raises(DataError, match=r"one PNG per class, as Label Studio .* as JSON"):
        recognised(given)
