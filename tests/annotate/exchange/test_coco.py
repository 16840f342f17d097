"""COCO files as several programs write them, and everything that is wrong with them."""

from __future__ import annotations

import copy
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.annotate.asked import Asked
from raysal.annotate.exchange.coco_rle import encode
from raysal.annotate.exchange.polygons import fill_polygons
from raysal.annotate.take import Options, take_answers
from raysal.data.decode import encode_png
from raysal.errors import DataError
from raysal.progress import Silent
from tests.support.asked_images import (
    NAMES,
    asked_for,
    asked_image,
    image_file,
    recognised,
    stored,
    take,
)

SIZE = (6, 8)
SQUARE = np.zeros(SIZE, bool)
SQUARE[1:4, 2:6] = True
LOWER = np.zeros(SIZE, bool)
LOWER[3:] = True
IMAGE = {"id": 7, "file_name": "photos/i.jpg", "height": 6, "width": 8}
CATEGORIES = [{"id": n, "name": name} for n, name in enumerate(NAMES, 1)]


def annotation(mask: np.ndarray, category: int, image: Any = 7, **more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "image_id": image,
        "category_id": category,
        "segmentation": encode(mask),
        **more,
    }


def coco(*annotations: Any, images: Any = (IMAGE,), categories: Any = CATEGORIES) -> dict[str, Any]:
    return {"images": list(images), "annotations": list(annotations), "categories": categories}


def given(tmp_path: Path, value: Any, name: str = "export.json") -> Path:
    path = tmp_path / "given" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return asked_for(tmp_path, [asked_image("i", SIZE)])


def expected(*laid: tuple[np.ndarray, int]) -> np.ndarray:
    raster = np.full(SIZE, 255, np.uint8)
    for mask, class_id in laid:
        raster[mask] = class_id
    return raster


def test_later_objects_lie_on_top(asked: Asked, tmp_path: Path) -> None:
    file = given(tmp_path, coco(annotation(SQUARE, 2), annotation(LOWER, 4), annotation(LOWER, 4)))
    (row,) = take(asked, file).values()
    assert (row.result, row.image) == ("taken", "i")
    assert "4 pixels claimed twice; the later object counts" in row.remark
    np.testing.assert_array_equal(stored(asked)["i"], expected((SQUARE, 1), (LOWER, 3)))


def test_polygons_and_uncompressed_counts(asked: Asked, tmp_path: Path) -> None:
    square = [[2, 1, 6, 1, 6, 4, 2, 4]]
    counts = np.diff(np.flatnonzero(np.diff(LOWER.T.ravel().astype(int), prepend=0, append=2)),
                     prepend=0).tolist()  # fmt: skip
    file = given(tmp_path, coco(
        annotation(SQUARE, 2, segmentation=square),
        annotation(LOWER, 4, segmentation={"size": [6, 8], "counts": counts}),
    ))  # fmt: skip
    take(asked, file)
    np.testing.assert_array_equal(stored(asked)["i"], expected((SQUARE, 1), (LOWER, 3)))
    np.testing.assert_array_equal(fill_polygons(square, SIZE), SQUARE)


def test_classes_by_name_whatever_their_ids(asked: Asked, tmp_path: Path) -> None:
    categories = [{"id": 90, "name": " SKY"}, {"id": "x", "name": "Car"}]
    file = given(tmp_path, coco(annotation(SQUARE, 90), annotation(LOWER, "x"),
                                categories=categories))  # fmt: skip
    take(asked, file)
    np.testing.assert_array_equal(stored(asked)["i"], expected((SQUARE, 0), (LOWER, 3)))


def test_unlabelled_pixels_may_be_a_class(asked: Asked, tmp_path: Path) -> None:
    take(asked, given(tmp_path, coco(annotation(SQUARE, 2))), unlabelled="Car")
    np.testing.assert_array_equal(stored(asked)["i"], np.where(SQUARE, 1, 3))
    with pytest.raises(DataError, match="class 'x' is not one of the run's"):
        take(asked, given(tmp_path, coco(annotation(SQUARE, 2))), unlabelled="x")


def test_an_empty_image_is_taken_if_that_is_meant(asked: Asked, tmp_path: Path) -> None:
    file = given(tmp_path, coco())
    for options, result in (
        ({}, "not taken"),
        ({"also_empty": True}, "not taken"),
        ({"unlabelled": "car"}, "not taken"),
        ({"unlabelled": "car", "also_empty": True}, "taken"),
    ):
        (row,) = take(asked, file, **options).values()
        assert row.result == result
        assert ("add --also-empty" in row.remark) == (options == {"unlabelled": "car"})
        assert ("needs --unlabelled CLASS" in row.remark) == (options == {"also_empty": True})
    assert (stored(asked)["i"] == 3).all()


def test_as_cvat_exports_it(asked: Asked, tmp_path: Path) -> None:
    """An archive with the images in it."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("annotations/instances_default.json", json.dumps(coco(annotation(SQUARE, 1))))
        file.writestr("images/i.jpg", image_file(SIZE))
    assert recognised(path) == "coco"
    (row,) = take(asked, path).values()
    assert row.result == "taken"
    assert row.where == "annotations/instances_default.json in x.zip: image 7"


def panoptic(tmp_path: Path, numbers: np.ndarray) -> Path:
    segments = [{"id": 1, "category_id": 2}, {"id": 300, "category_id": 4}]
    value = coco({"image_id": 7, "file_name": "i.png", "segments_info": segments})
    file = given(tmp_path, value, "annotations/panoptic.json")
    rgb = np.dstack([numbers % 256, numbers // 256, numbers * 0]).astype(np.uint8)
    for folder in ("panoptic", "images"):
        path = file.parent / folder / "i.png"
        path.parent.mkdir()
        path.write_bytes(encode_png(rgb))
    return file.parents[1]


def test_panoptic(asked: Asked, tmp_path: Path) -> None:
    folder = panoptic(tmp_path, np.where(SQUARE, 1, np.where(LOWER, 300, 0)))
    (row,) = take(asked, folder).values()
    assert row.result == "taken", row
    np.testing.assert_array_equal(stored(asked)["i"], expected((LOWER, 3), (SQUARE, 1)))


def test_a_segment_that_is_unknown(asked: Asked, tmp_path: Path) -> None:
    (row,) = take(asked, panoptic(tmp_path, np.where(SQUARE, 5, 1))).values()
    assert "has a segment 5 that segments_info lacks" in row.remark


def test_a_panoptic_map_that_is_missing(asked: Asked, tmp_path: Path) -> None:
    folder = panoptic(tmp_path, np.where(SQUARE, 1, 0))
    (row,) = take(asked, folder / "annotations" / "panoptic.json").values()
    assert "the panoptic map i.png is missing; hand in the folder or ZIP" in row.remark


ROWS: dict[str, tuple[Any, str]] = {
    "unknown class": (
        [annotation(SQUARE, 2), annotation(SQUARE, 5)], "class 'carr' is not one of the run's; did"
    ),
    "no such category": ([annotation(SQUARE, 9)], "category 9 is not among the file's categories"),
    "a box": ([annotation(SQUARE, 1, segmentation=[], bbox=[1, 1, 2, 2])], "has neither polygons"),
    "a flat polygon": ([annotation(SQUARE, 1, segmentation=[1, 2, 3, 4, 5, 6])], "has neither"),
    "two corners": ([annotation(SQUARE, 1, segmentation=[[1, 2, 3, 4]])], "has 4 numbers"),
    "no numbers": ([annotation(SQUARE, 1, segmentation=[["a"] * 6])], "that is not a number"),
    "NaN": ([annotation(SQUARE, 1, segmentation=[[float("nan")] * 6])], "that is not a number"),
    "far": ([annotation(SQUARE, 1, segmentation=[[1e9, 1, 2, 2, 3, 3]])], "far outside"),
    "RLE of another size": ([annotation(SQUARE[:5], 1)], "an RLE is 5x8, the image 6x8"),
    "RLE of the wrong length": (
        [annotation(SQUARE, 1, segmentation={"size": [6, 8], "counts": [40]})], "add up to 40"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_nothing_is_taken_of_an_image_that_is_wrong(
    case: str, asked: Asked, tmp_path: Path
) -> None:
    annotations, reason = ROWS[case]
    categories = [*CATEGORIES, {"id": 5, "name": "carr"}]
    (row,) = take(asked, given(tmp_path, coco(*annotations, categories=categories))).values()
    assert row.result == "not taken"
    assert reason in row.remark
    assert stored(asked) == {}


@pytest.mark.parametrize(
    ("size", "reason"),
    [((8, 6), "EXIF orientation"), ((3, 4), "smaller or larger"), ((6, 9), "the image 6x8 (hei")],
)
def test_another_size(size: tuple[int, int], reason: str, asked: Asked, tmp_path: Path) -> None:
    image = {**IMAGE, "height": size[0], "width": size[1]}
    (row,) = take(asked, given(tmp_path, coco(annotation(SQUARE, 1), images=[image]))).values()
    assert (row.result, reason in row.remark) == ("not taken", True), row


def test_an_image_twice(asked: Asked, tmp_path: Path) -> None:
    """The last one on which something is drawn counts."""
    again = [{**IMAGE, "id": 8}, {**IMAGE, "id": 9}]
    value = coco(annotation(SQUARE, 1), annotation(LOWER, 2, image=8), images=[IMAGE, *again])
    (row,) = take(asked, given(tmp_path, value)).values()
    assert "the last of 2 annotations counts" in row.remark
    np.testing.assert_array_equal(stored(asked)["i"], expected((LOWER, 1)))


@pytest.mark.parametrize(("own", "said"), [(7, "7"), ("7", 7), (7, 7.0), (7.0, 7), ("a", "a")])
def test_ids_as_numbers_and_as_text(own: Any, said: Any, asked: Asked, tmp_path: Path) -> None:
    categories = [{**each, "id": str(each["id"])} for each in CATEGORIES]
    file = given(tmp_path, coco(
        annotation(SQUARE, 2, image=said), annotation(LOWER, 4, image=own),
        images=[{**IMAGE, "id": own}], categories=categories,
    ))  # fmt: skip
    (row,) = take(asked, file).values()
    assert row.result == "taken", row
    np.testing.assert_array_equal(stored(asked)["i"], expected((SQUARE, 1), (LOWER, 3)))


def test_annotations_of_no_image_are_said(asked: Asked, tmp_path: Path) -> None:
    """And what the others draw is taken; `007` may be another image than 7."""
    lost = [annotation(LOWER, 4, image=image) for image in ("007", 8, 8, None, True, [7])]
    del lost[3]["image_id"]
    file = given(tmp_path, coco(*lost, annotation(SQUARE, 2)))
    rows = list(take_answers(asked, file, Options(), Silent()))
    assert [(row.image, row.result, row.remark) for row in rows] == [
        ("?", "not taken", "annotation 1: image_id '007' is no image of the file"),
        ("?", "not taken", "annotation 1 and 1 more: image_id 8 is no image of the file"),
        ("?", "not taken", "annotation 1 and 2 more: without image_id"),
        ("i", "taken", "75 % of what is asked is not labelled"),
    ]
    np.testing.assert_array_equal(stored(asked)["i"], expected((SQUARE, 1)))


def test_two_images_of_one_id(asked: Asked, tmp_path: Path) -> None:
    """Whose the annotations are cannot be told; an image that is listed twice is one."""
    other = {**IMAGE, "file_name": "j.jpg"}
    rows = take(asked, given(tmp_path, coco(annotation(SQUARE, 1), images=[IMAGE, other])))
    assert "2 images have the id 7" in rows["i"].remark
    rows = take(asked, given(tmp_path, coco(annotation(SQUARE, 1), images=[IMAGE, IMAGE])))
    assert rows["i"].result == "taken"


def test_an_image_without_id(asked: Asked, tmp_path: Path) -> None:
    image = {key: value for key, value in IMAGE.items() if key != "id"}
    file = given(tmp_path, coco(annotation(SQUARE, 1, image=None), images=[image]))
    rows = take(asked, file, unlabelled="car", also_empty=True)
    assert rows["i"].remark == "the image has no id, by which annotations could name it"
    assert stored(asked) == {}


def test_images_that_are_not_asked(asked: Asked, tmp_path: Path) -> None:
    other = {**IMAGE, "id": 8, "file_name": "j.jpg"}
    rows = take(asked, given(tmp_path, coco(annotation(SQUARE, 1), images=[IMAGE, other])))
    assert {image: row.result for image, row in rows.items()} == {
        "i": "taken",
        "j.jpg": "not taken",
    }
    assert "no image 'j.jpg' is asked for" in rows["j.jpg"].remark


WHOLE = json.dumps(coco(annotation(SQUARE, 1)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WHOLE[:-30], "export.json is truncated or damaged"),
        (WHOLE.replace("[{", "[", 1), "export.json is truncated or damaged"),
        ('{"images": [], "annotations": [], "categories": []}', "export.json names no images"),
        ('{"images": [[1]], "annotations": []}', "images must be objects"),
        ('{"hello": 1}', "holds no labels that are known; looked for: labelmap.txt and"),
    ],
)
def test_files_that_are_wrong(text: str, reason: str, asked: Asked, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(reason)):
        take(asked, given(tmp_path, text))
    assert stored(asked) == {}


def test_values_of_any_kind_do_not_crash(asked: Asked, tmp_path: Path) -> None:
    """Each part of a file in turn is something else."""
    good = coco(annotation(SQUARE, 1))
    for key in good:
        for inner in good[key][0]:
            for wrong in (None, [], {}, "x", -1, [[]], {"counts": 3}):
                value = copy.deepcopy(good)
                value[key][0][inner] = wrong
                for row in take(asked, given(tmp_path, value)).values():
                    assert row.remark or row.result != "not taken"
