"""Cityscapes: raw ids, half size, ids of images, and the real thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import IGNORE, encode_png
from raysal.data.sets.cityscapes import Cityscapes
from raysal.errors import DataError
from tests.support.fake_city_datasets import fake_cityscapes
from tests.support.paths import real_data

# Raw id: name, as in cityscapesScripts' helpers/labels.py.
EVALUATED = {
    7: "road", 8: "sidewalk", 11: "building", 12: "wall", 13: "fence", 17: "pole",
    19: "traffic light", 20: "traffic sign", 21: "vegetation", 22: "terrain", 23: "sky",
    24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train",
    32: "motorcycle", 33: "bicycle",
}  # fmt: skip


def test_every_raw_id(tmp_path: Path) -> None:
    cityscapes = fake_cityscapes(tmp_path)
    item = cityscapes.items("test")[0]
    raw = np.array([[*range(34), 255]], np.uint8)
    Path(item.label).write_bytes(encode_png(raw))
    mapped = cityscapes.raw_label(item)
    assert (mapped.shape, mapped.dtype) == (raw.shape, np.uint8)
    for before, after in zip(raw[0].tolist(), mapped[0].tolist(), strict=True):
        if before in EVALUATED:
            assert cityscapes.class_names[after] == EVALUATED[before]
        else:
            assert after == IGNORE


@pytest.mark.parametrize("raw", [34, 254])
def test_another_raw_id_is_named(raw: int, tmp_path: Path) -> None:
    cityscapes = fake_cityscapes(tmp_path)
    item = cityscapes.items("test")[0]
    Path(item.label).write_bytes(encode_png(np.full((4, 8), raw, np.uint8)))
    with pytest.raises(DataError, match=rf"labelIds.png: raw id {raw} is outside 0..33"):
        cityscapes.raw_label(item)


def test_half_size_and_names(tmp_path: Path) -> None:
    cityscapes = Cityscapes(root=fake_cityscapes(tmp_path).root)
    items = cityscapes.items("train")
    assert cityscapes.size == (512, 1024)
    assert cityscapes.image(items[0]).shape == (512, 1024, 3)
    assert cityscapes.label(items[0]).shape == (512, 1024)
    assert [item.image_id for item in items] == [
        "aachen_000000_000019",
        "aachen_000001_000019",
        "aachen_000002_000019",
        "bochum_000003_000019",
        "bochum_000004_000019",
        "zurich_000005_000019",
    ]
    assert items[3].image == str(
        tmp_path / "leftImg8bit/train/bochum/bochum_000003_000019_leftImg8bit.png"
    )
    assert items[3].label == str(
        tmp_path / "gtFine/train/bochum/bochum_000003_000019_gtFine_labelIds.png"
    )


def test_the_published_test_split_is_not_looked_at(tmp_path: Path) -> None:
    cityscapes = fake_cityscapes(tmp_path)
    berlin = tmp_path / "leftImg8bit" / "test" / "berlin"
    berlin.mkdir(parents=True)
    (berlin / "berlin_000000_000019_leftImg8bit.png").write_bytes(b"")
    cityscapes.check()
    assert {item.image_id.split("_")[0] for item in cityscapes.items("test")} == {
        "frankfurt",
        "munster",
    }


def test_the_real_one_lacks_its_val_images() -> None:
    cityscapes = Cityscapes(root=str(real_data("cityscapes")))
    if (Path(cityscapes.root) / "leftImg8bit" / "val").is_dir():
        pytest.skip("this one is complete")
    with pytest.raises(DataError, match=r"missing image files: 9 \(.* and 6 more\)") as caught:
        cityscapes.check()
    assert "val/frankfurt/frankfurt_000000_000576_leftImg8bit.png" in str(caught.value)


def test_the_real_one() -> None:
    cityscapes = Cityscapes(root=str(real_data("cityscapes")), skip_missing=True, val_images=2)
    cityscapes.check()
    assert len(cityscapes.items("train")) >= 4
    assert len(cityscapes.items("val")) == 2
    item = cityscapes.items("train")[0]
    assert cityscapes.image(item).shape == (512, 1024, 3)
    assert cityscapes.stored_size(item) == cityscapes.raw_label(item).shape == (1024, 2048)
    label = cityscapes.label(item)
    assert label.shape == (512, 1024)
    assert len(np.unique(label)) > 8
    # The car's bonnet, cut out of every frame, lies below; the road above it.
    assert (label[-20:, 300:700] == IGNORE).mean() > 0.9
    assert (label[380:400, 480:540] == cityscapes.class_names.index("road")).mean() > 0.5
