"""Tiny data sets on disk, in the layouts of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from raysal.data.decode import encode_jpeg, encode_png
from raysal.data.sets.base import Dataset
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.camvid import CamVid
from raysal.data.sets.cityscapes import Cityscapes
from raysal.data.sets.folder import Folder
from raysal.data.sets.streets.dataset import Streets
from tests.support.fake_city_datasets import fake_bdd100k, fake_cityscapes

SIZE = (32, 48)
CLASSES = ("ground", "wall", "thing")


def picture(seed: int, size: tuple[int, int] = SIZE, classes: int = 3) -> tuple[np.ndarray, ...]:
    """A noisy image of coloured bands, and a label with the same bands."""
    rng = np.random.default_rng(seed)
    height, width = size
    label = (np.arange(width) * classes // width + rng.integers(0, classes)) % classes
    label = np.tile(label, (height, 1)).astype(np.uint8)
    colours = np.random.default_rng(0).integers(40, 215, (classes, 3))
    noise = rng.integers(-40, 41, (height, width, 3))
    return (colours[label] + noise).astype(np.uint8), label


def fake_camvid(root: Path, *, train: int = 6, suffix: str = ".png") -> CamVid:
    """CamVid's folders and lists; paths in the lists have another root, as the published ones."""
    number = 0
    for split, count in (("train", train), ("val", 2), ("test", 3)):
        lines = []
        for folder in (split, f"{split}annot"):
            (root / folder).mkdir(parents=True)
        for _ in range(count):
            image, label = picture(number, classes=11)
            label[:2] = 11
            stem = f"{'0016E5'[number % 3 :]}_{number:05d}"
            encode = encode_jpeg if suffix == ".jpg" else encode_png
            (root / split / f"{stem}{suffix}").write_bytes(encode(image))
            (root / f"{split}annot" / f"{stem}.png").write_bytes(encode_png(label))
            place = "/SegNet/CamVid"
            lines.append(f"{place}/{split}/{stem}.png {place}/{split}annot/{stem}.png")
            number += 1
        (root / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return CamVid(root=str(root), size=SIZE)


def fake_folder(root: Path, *, images: int = 12, lists: bool = True, **settings: object) -> Folder:
    """Images and masks in two trees of two towns each, every third one a JPEG."""
    ids = []
    for number in range(images):
        image, label = picture(number)
        label[:2] = 255
        image_id = f"town{number % 2}/{number:03d}"
        for tree in ("images", "masks"):
            (root / tree / image_id).parent.mkdir(parents=True, exist_ok=True)
        suffix, encode = (".jpg", encode_jpeg) if number % 3 == 0 else (".png", encode_png)
        (root / "images" / f"{image_id}{suffix}").write_bytes(encode(image))
        (root / "masks" / f"{image_id}.png").write_bytes(encode_png(label))
        ids.append(image_id)
    settings = {"classes": CLASSES, "size": SIZE, **settings}
    if lists:
        parts = {"train": ids[:-4], "val": ids[-4:-2], "test": ids[-2:]}
        for split, part in parts.items():
            (root / f"{split}.txt").write_text("\n".join(part) + "\n")
        settings["lists"] = {split: str(root / f"{split}.txt") for split in parts}
    return Folder(images=str(root / "images"), masks=str(root / "masks"), **settings)


def fake_streets(root: Path) -> Streets:
    """Scenes are drawn on demand; nothing is on disk."""
    return Streets(size=SIZE, train=5, val=2, test=2)


FAKES: dict[type[Dataset], Callable[[Path], Dataset]] = {
    CamVid: fake_camvid,
    Folder: fake_folder,
    Streets: fake_streets,
    Cityscapes: fake_cityscapes,
    BDD100K: fake_bdd100k,
}
