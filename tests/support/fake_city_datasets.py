"""Tiny instances of the data sets with two folder trees, in the layouts of the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raysal.data.decode import encode_jpeg, encode_png
from raysal.data.sets.bdd100k import BDD100K
from raysal.data.sets.cityscapes import Cityscapes
from raysal.data.sets.train_val import TrainVal

SIZE = (32, 48)
CITIES = {
    "train": ("aachen", "aachen", "aachen", "bochum", "bochum", "zurich"),
    "val": ("frankfurt", "munster"),
}


def write_pair(image: Path, label: Path, ids: int, seed: int) -> None:
    """A noisy image, and its label: stripes of the class ids `ids` and of 255."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    mask = np.resize(rng.permutation(ids), SIZE).astype(np.uint8)
    mask[:2] = 255
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes((encode_png if image.suffix == ".png" else encode_jpeg)(pixels))
    label.write_bytes(encode_png(mask))


def fake_cityscapes(root: Path, *, suffix: str = ".png", **settings: object) -> Cityscapes:
    """Six training images in three cities, two of which become val; two test images."""
    for split, cities in CITIES.items():
        for number, city in enumerate(cities):
            stem = f"{city}_{number:06d}_000019"
            write_pair(
                root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit{suffix}",
                root / "gtFine" / split / city / f"{stem}_gtFine_labelIds.png",
                ids=34,
                seed=number,
            )
            # Other files of the real data set.
            other = root / "gtFine" / split / city / f"{stem}_gtFine_instanceIds.png"
            other.write_bytes(b"")
    return Cityscapes(root=str(root), **{"size": SIZE, "val_images": 2, **settings})


def fake_bdd100k(root: Path, *, suffix: str = ".jpg", **settings: object) -> BDD100K:
    """Six training images, two of which become val; two test images."""
    for split, count in (("train", 6), ("val", 2)):
        for number in range(count):
            stem = f"{split[0]}{number:07x}-27ccb1dd"
            write_pair(
                root / "images" / "10k" / split / f"{stem}{suffix}",
                root / "labels" / "sem_seg" / "masks" / split / f"{stem}.png",
                ids=19,
                seed=number,
            )
    return BDD100K(root=str(root), **{"size": SIZE, "val_images": 2, **settings})


def reopened(dataset: TrainVal, **settings: object) -> TrainVal:
    """A new object for the same data set, as the next command makes it, with other settings."""
    return type(dataset).model_validate({**dataset.dump(), **settings})
