"""Masks whose colours stand for classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from raysal.config.essence import essence
from raysal.data.decode import IGNORE, encode_jpeg, encode_png
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.camvid import VOID, CamVid
from raysal.data.sets.colour_masks import ids_of_colours
from raysal.data.sets.folder import Folder
from raysal.errors import DataError
from tests.support.fake_datasets import fake_folder
from tests.support.paths import real_data

COLOURS = ((0, 0, 0), (255, 0, 0), (0, 128, 255))
VOID_COLOUR = (9, 9, 9)


def coloured(root: Path, **settings: object) -> tuple[Folder, Folder]:
    """A folder with masks of ids, and the same with masks in colours."""
    ids = fake_folder(root)
    by_id = np.full((256, 3), VOID_COLOUR, np.uint8)
    by_id[: len(COLOURS)] = COLOURS
    for mask in (root / "masks").rglob("*.png"):
        place = root / "colours" / mask.relative_to(root / "masks")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encode_png(by_id[np.asarray(Image.open(mask))]))
    return ids, Folder.model_validate(
        {
            **ids.dump(), "masks": str(root / "colours"), "mask_colours": True,
            "colours": COLOURS, "unknown_colours": [VOID_COLOUR], **settings,
        }
    )  # fmt: skip


def test_colours_become_ids() -> None:
    rgb = np.array([[COLOURS[2], COLOURS[0], VOID_COLOUR], [COLOURS[1]] * 3], np.uint8)
    ids = ids_of_colours(rgb, COLOURS, [VOID_COLOUR], "m.png")
    assert ids.tolist() == [[2, 0, 255], [1, 1, 1]]
    assert ids.dtype == np.uint8


def test_other_colours_are_named_with_their_counts() -> None:
    rgb = np.zeros((10, 10, 3), np.uint8)
    rgb[0, :7], rgb[1, :2] = (255, 255, 255), (1, 2, 3)
    message = (
        r"^m.png: colours of no class: \[255, 255, 255\] in 7 pixels, \[1, 2, 3\] in 2 pixels;"
    )
    with pytest.raises(DataError, match=message) as caught:
        ids_of_colours(rgb, COLOURS, (), "m.png")
    assert "data.colours" in str(caught.value)
    assert "data.unknown_colours" in str(caught.value)
    rgb[2, :8, 0] = range(20, 28)
    with pytest.raises(DataError, match=r"in 2 pixels, .*, 6 others; add them"):
        ids_of_colours(rgb, COLOURS, (), "m.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_any_lossless_file_may_hold_the_colours(kind: str, mode: str, tmp_path: Path) -> None:
    ids, colours = coloured(tmp_path)
    for plain, item in zip(ids.items("train"), colours.items("train"), strict=True):
        mask = Image.open(item.label)
        mask = mask.quantize(16, dither=Image.Dither.NONE) if mode == "P" else mask.convert(mode)
        mask.save(item.label, format=kind)
        assert np.array_equal(colours.raw_label(item), ids.raw_label(plain))


def test_grey_values_are_colours_too(tmp_path: Path) -> None:
    folder = fake_folder(tmp_path)
    item = folder.items("train")[0]
    grey = np.zeros((32, 48), np.uint8)
    grey[:5], grey[5:9] = 255, 128
    Path(item.label).write_bytes(encode_png(grey))
    settings = {"mask_colours": True, "colours": [(0, 0, 0), (255, 255, 255), (128, 128, 128)]}
    folder = Folder.model_validate({**folder.dump(), **settings})
    assert np.bincount(folder.raw_label(item).ravel()).tolist() == [23 * 48, 5 * 48, 4 * 48]


def test_masks_in_colours_without_the_setting_are_refused_with_it(tmp_path: Path) -> None:
    _, colours = coloured(tmp_path)
    plain = {**colours.dump(), "mask_colours": False, "unknown_colours": []}
    with pytest.raises(DataError, match=r"one channel .* RGB; .*data.mask_colours=true"):
        Folder.model_validate(plain).raw_label(colours.items("train")[0])
    item = colours.items("train")[0]
    Path(item.label).write_bytes(encode_jpeg(np.zeros((32, 48, 3), np.uint8)))
    with pytest.raises(DataError, match="stored without loss, this file is JPEG"):
        colours.raw_label(item)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"colours": None}, "mask_colours needs colours"),
        ({"colours": COLOURS[:2]}, "2 colours for 3 classes"),
        ({"unknown_colours": [COLOURS[1]]}, r"the colour \[255, 0, 0\] is given twice"),
        ({"mask_colours": False}, "unknown_colours needs mask_colours: true"),
    ],
)
def test_settings_that_do_not_fit(settings: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=message):
        coloured(tmp_path, **settings)


def test_runs_of_earlier_versions_keep_their_fingerprint(tmp_path: Path) -> None:
    ids, colours = coloured(tmp_path)
    assert not {"mask_colours", "unknown_colours"} & set(essence(Folder, ids.dump()))
    assert essence(Folder, colours.dump())["mask_colours"] is True
    assert essence(Folder, colours.dump())["unknown_colours"] == [list(VOID_COLOUR)]


def test_camvid_in_its_original_colours(tmp_path: Path) -> None:
    """As published: `a_L.png` beside `a.png`, in RGB, void black."""
    camvid = CamVid(root=str(real_data("camvid_png")))
    by_id = np.zeros((256, 3), np.uint8)
    by_id[: len(CamVid.PALETTE)] = CamVid.PALETTE
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    items = [item for split in ("train", "val", "test") for item in camvid.items(split)]
    for item in items:
        (tmp_path / "images" / f"{item.image_id}.png").symlink_to(item.image)
        with Image.open(item.label) as mask:
            rgb = by_id[np.asarray(mask)]
            assert (np.asarray(mask) == VOID).any()
        (tmp_path / "labels" / f"{item.image_id}_L.png").write_bytes(encode_png(rgb))
    folder = Folder(
        images=str(tmp_path / "images"), masks=str(tmp_path / "labels"), mask_ending="_L",
        classes=CamVid.CLASS_NAMES, colours=CamVid.PALETTE, mask_colours=True,
        unknown_colours=[(0, 0, 0)], size=(360, 480), shares=(0.2, 0.3),
    )  # fmt: skip
    folder.check()
    by_name = {item.image_id: item for item in items}
    seen = 0
    for split in ("train", "val", "test"):
        for item in folder.items(split):
            assert np.array_equal(folder.raw_label(item), camvid.raw_label(by_name[item.image_id]))
            seen += 1
    assert seen == len(items) == 12


def test_bdd100k_colour_maps_are_its_masks() -> None:
    root = real_data("bdd100k")
    published = BDD100K(root=str(root))
    folder = Folder(
        images=str(root / "images/10k/train"), masks=str(root / "labels/sem_seg/colormaps/train"),
        classes=BDD100K.CLASS_NAMES, colours=BDD100K.PALETTE, mask_colours=True,
        unknown_colours=[(0, 0, 0)], size=(720, 1280), shares=(0, 0),
    )  # fmt: skip
    items = folder.items("train")
    assert len(items) == 16
    for item, expected in zip(items, published.items("train"), strict=True):
        label = folder.raw_label(item)
        assert np.array_equal(label, published.raw_label(expected))
        assert 0 < (label == IGNORE).mean() < 0.9
