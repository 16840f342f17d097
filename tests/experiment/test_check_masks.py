"""Masks are checked for sense, and all but training images for damage, before a run begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raysal.data.decode import encode_jpeg, encode_png
from raysal.data.sets.base import Dataset
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.city_classes import CITY_CLASSES
from raysal.data.sets.cityscapes import TRAIN_ID, Cityscapes
from raysal.data.sets.folder import Folder
from raysal.errors import BadImagesError, DataError
from raysal.experiment.check_masks import MaskCounts, check_masks
from raysal.progress import Silent
from tests.support.fake_city_datasets import fake_bdd100k, fake_cityscapes
from tests.support.fake_datasets import FAKES, SIZE, fake_folder
from tests.support.paths import real_data


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def checked(dataset: Dataset) -> list[str]:
    watch = Said()
    check_masks(dataset, watch)
    return watch.lines


def masks_of(root: Path) -> list[Path]:
    return sorted((root / "masks").rglob("*.png"))


def recoded(root: Path, change: Callable[[np.ndarray], np.ndarray], **settings: object) -> Folder:
    """A folder whose masks, of ids 0 to 2 and 255, are changed."""
    folder = fake_folder(root, **settings)
    for path in masks_of(root):
        with Image.open(path) as mask:
            changed = change(np.asarray(mask).astype(int))
        path.write_bytes(encode_png(changed.astype(np.uint8)))
    return folder


def without_unknown(mask: np.ndarray) -> np.ndarray:
    return np.where(mask == 255, 0, mask)


@pytest.mark.parametrize("kind", FAKES, ids=lambda kind: kind.__name__)
def test_good_masks_are_counted_on_one_line(kind: type[Dataset], tmp_path: Path) -> None:
    dataset = FAKES[kind](tmp_path)
    line = checked(dataset)[0]
    masks = sum(len(dataset.items(split)) for split in ("train", "val", "test"))
    pixels = masks * dataset.size[0] * dataset.size[1]
    assert line.startswith(f"masks: {masks} with {pixels} pixels, ")
    for name in dataset.class_names:
        assert f" {name} " in line


def test_the_shares_are_those_of_the_pixels() -> None:
    counts = MaskCounts(masks=2)
    counts.known[[0, 1, 2, 255]] = 600, 299, 1, 100
    assert counts.line(("a", "b", "c", "d")) == (
        "masks: 2 with 1000 pixels, 10.0 % unknown; of the known: a 66.7 %, b 33.2 %, c 0.1 %, "
        "d 0.0 %"
    )
    counts.known[:] = 0
    counts.known[[0, 1]] = 99_999, 1
    assert counts.line(("a", "b")).endswith("0.0 % unknown; of the known: a 100.0 %, b <0.1 %")
    assert counts.line(tuple(f"c{i}" for i in range(60))).endswith("c39 0.0 %, and 20 more classes")


def test_classes_in_no_mask_are_named(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path, classes=("ground", "wall", "thing", "crop", "weed"))
    assert checked(folder)[1] == "warning: no mask contains 'crop', 'weed'"
    assert len(checked(fake_folder(tmp_path / "all"))) == 1


CODINGS = {
    "0 and 255": (
        lambda m: np.where(m == 1, 255, 0), ("a", "b"),
        r"no other values than 0 and 255.*nothing but 'a' .*mask_colours: true and "
        r"data.colours: \[\[0, 0, 0\], \[255, 255, 255\]\]",
    ),
    "1 and 255": (
        lambda m: np.where(m == 1, 255, 1), ("a", "b"), "no other values than 1 and 255",
    ),
    "counted from 1": (
        lambda m: without_unknown(m) + 1, ("a", "b", "c"),
        "class id 3 is outside .*0 never occurs and 3 does: the ids are counted from 1; subtract 1",
    ),
    "counted from 1, with unknown": (
        lambda m: np.where(m == 255, 255, m + 1), ("a", "b", "c"), "the ids are counted from 1",
    ),
    "background not named": (
        without_unknown, ("wall", "thing"), "0 to 2 are 3 ids for 2 classes: .* in front of",
    ),
    "grey values": (
        lambda m: without_unknown(m) * 100, ("a", "b", "c"),
        r"the masks have the values 0, 100, 200; .*colours: \[\[0, 0, 0\], \[100, 100, 100\],",
    ),
    "grey values up to white": (
        lambda m: without_unknown(m) * 127 + (without_unknown(m) == 2), ("a", "b", "c"),
        r"the masks have the values 0, 127, 255; ",
    ),
    "one class": (
        lambda m: m * 0, ("a", "b"), "all known pixels of all masks are 'a', so that nothing can",
    ),
    "one class and unknown": (
        lambda m: np.where(m == 255, 9, 1), ("a", "b"), "all known pixels of all masks are 'b'",
    ),
    "all unknown": (lambda m: m * 0 + 9, ("a", "b"), "all pixels of all masks are unknown"),
    "raw ids of Cityscapes": (
        lambda m: without_unknown(m) * 4 + 20, CITY_CLASSES,
        "class id 2[048] is outside .*raw ids of Cityscapes .*use those, or data.name=cityscapes",
    ),
    "something else": (
        lambda m: np.arange(m.size).reshape(m.shape) % 70, ("a", "b"),
        r"outside 0..1 \(255 = i.*\)$",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "classes", "message"), CODINGS.values(), ids=CODINGS)
def test_other_codings_are_refused_with_the_remedy(
    change: Callable[[np.ndarray], np.ndarray], classes: tuple[str, ...], message: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    ignore = {"ignore_id": 9} if "unknown" in message or "'b'" in message else {}
    folder = recoded(tmp_path, change, classes=classes, **ignore)
    with pytest.raises(DataError, match=message) as caught:
        check_masks(folder, Silent())
    assert "\n" not in str(caught.value)


def test_the_remedy_for_0_and_255_works(tmp_path: Path) -> None:
    folder = recoded(tmp_path, lambda m: np.where(m == 1, 255, 0), classes=("soil", "crop"))
    again = Folder.model_validate(
        {**folder.dump(), "mask_colours": True, "colours": [[0, 0, 0], [255, 255, 255]]}
    )
    (line,) = checked(again)
    # Two of 32 rows are unknown in the masks from which these are made, here 0.
    assert line.endswith("0.0 % unknown; of the known: soil 68.8 %, crop 31.2 %")


def test_train_ids_where_raw_ids_are_due(tmp_path: Path) -> None:
    cityscapes = fake_cityscapes(tmp_path)
    for path in (tmp_path / "gtFine").rglob("*_labelIds.png"):
        with Image.open(path) as mask:
            path.write_bytes(encode_png(TRAIN_ID[np.asarray(mask)]))
    with pytest.raises(DataError, match=r"no id above 18 occurs: these are train ids"):
        check_masks(cityscapes, Silent())


def test_raw_ids_where_train_ids_are_due(tmp_path: Path) -> None:
    bdd100k = fake_bdd100k(tmp_path)
    for path in (tmp_path / "labels").rglob("*.png"):
        path.write_bytes(encode_png(np.resize(np.arange(34), SIZE).astype(np.uint8)))
    with pytest.raises(DataError, match=r"class id 19 .*raw ids of Cityscapes"):
        check_masks(bdd100k, Silent())


@pytest.mark.parametrize("split", ["val", "test"])
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda data: data[: len(data) // 2], "truncated or damaged"),
        (lambda data: b"", "the file is empty"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
    ids=["cut", "empty", "pointer"],
)
def test_damaged_validation_and_test_images_are_found(
    split: str, damage: Callable[[bytes], bytes], what: str, tmp_path: Path
) -> None:
    folder = fake_folder(tmp_path)
    item = folder.items(split)[1]  # type: ignore[arg-type]
    Path(item.image).write_bytes(damage(Path(item.image).read_bytes()))
    message = f"1 of 2 {split} images are unreadable, more than .*'{item.image_id}': .*{what}"
    with pytest.raises(BadImagesError, match=message):
        check_masks(folder, Silent())
    # The evaluation leaves them out and says so.
    assert len(checked(folder.model_copy(update={"max_bad_share": 0.5}))) == 1


def test_damaged_training_images_are_left_to_the_pool(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    file = Path(folder.items("train")[0].image)
    file.write_bytes(file.read_bytes()[:-200])
    assert len(checked(folder)) == 1


def test_a_limit_of_megapixels(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path, max_megapixels=0.001)
    with pytest.raises(
        BadImagesError, match=r"megapixels .* more than the limit of 0.001; .*data.max_m"
    ):
        check_masks(folder, Silent())
    with pytest.raises(DataError, match=r"image 'town0/000': its .* limit of 0.001"):
        folder.image(folder.items("train")[0])


def test_masks_must_match_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    item = folder.items("train")[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(item.image) as image:
        upright = image.convert("RGB")
    upright.transpose(Image.Transpose.ROTATE_90).save(item.image, exif=exif)
    assert len(checked(folder)) == 1
    upright.save(item.image, exif=exif)
    with pytest.raises(DataError, match=r"32x48, its image 48x32 .* without its EXIF orientation"):
        check_masks(folder, Silent())
    Path(item.image).write_bytes(encode_jpeg(np.zeros((30, 48, 3), np.uint8)))
    with pytest.raises(DataError, match=r"its image 30x48 .*\.png\)$"):
        check_masks(folder, Silent())


def test_the_samples_of_cityscapes_and_bdd100k() -> None:
    bdd100k = BDD100K(root=str(real_data("bdd100k")))
    assert checked(bdd100k)[0].startswith("masks: 24 with ")
    cityscapes = Cityscapes(root=str(real_data("cityscapes")), skip_missing=True, val_images=2)
    lines = checked(cityscapes)
    assert lines[0].startswith("masks: 6 with ")
    assert " road 4" in lines[0] or " road 3" in lines[0]
