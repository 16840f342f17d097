"""The built-in street scenes: the same everywhere, and as unbalanced as real streets."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import IGNORE, decode_image
from raysal.data.sets.streets.dataset import Streets

TINY = {"size": (48, 64), "train": 40, "val": 3, "test": 3}


def digest(streets: Streets, split: str = "train", index: int = 0) -> str:
    item = streets.items(split)[index]
    parts = streets.image_bytes(item) + streets.raw_label(item).tobytes()
    return hashlib.sha256(parts).hexdigest()


def test_the_same_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.data.sets.streets.test_dataset import Streets, TINY, digest\n"
        "streets = Streets(**TINY)\n"
        "print(digest(streets, 'test', 2)); print(digest(streets, 'train', 7))"
    )
    here = str(Path(__file__).parents[4])
    done = subprocess.run(
        [sys.executable, "-c", code, here], capture_output=True, text=True, check=True
    )
    streets = Streets(**TINY)
    assert done.stdout.split() == [digest(streets, "test", 2), digest(streets, "train", 7)]


def test_scenes_differ_by_index_split_and_seed() -> None:
    streets, other = Streets(**TINY), Streets(**TINY, scene_seed=1)
    scenes = [digest(streets, "train", i) for i in range(6)]
    scenes += [digest(streets, "val"), digest(streets, "test"), digest(other, "train")]
    assert len(set(scenes)) == len(scenes)


def test_more_images_do_not_change_the_first() -> None:
    fewer = Streets(**TINY | {"train": 3})
    assert list(Streets(**TINY).items("train")[:3]) == list(fewer.items("train"))


@pytest.mark.parametrize("size", [(24, 32), (96, 128), (120, 160)])
def test_another_size_is_the_same_scene(size: tuple[int, int]) -> None:
    small, large = Streets(**TINY), Streets(**TINY | {"size": size})
    agreements = []
    for item in small.items("train")[:6]:
        other = large.model_copy(update={"size": small.size}).label(item)
        assert large.raw_label(item).shape == size
        shrunk = Streets(**TINY | {"size": size})
        label = shrunk.raw_label(item)
        rows = ((np.arange(48) + 0.5) * size[0] / 48).astype(int)
        columns = ((np.arange(64) + 0.5) * size[1] / 64).astype(int)
        agreements.append((label[np.ix_(rows, columns)] == small.raw_label(item)).mean())
        assert np.array_equal(other, small.raw_label(item))
    assert np.mean(agreements) > 0.85


def test_image_and_label_show_the_same() -> None:
    """Within an image, a class's pixels are more alike than the image's."""
    streets = Streets(**TINY)
    item = streets.items("train")[3]
    image = decode_image(streets.image_bytes(item), streets.size).astype(float)
    label = streets.raw_label(item)
    within = [image[label == c].var(0).sum() * (label == c).mean() for c in np.unique(label)]
    assert sum(within) < 0.8 * image.reshape(-1, 3).var(0).sum()


def test_class_shares_are_those_of_streets() -> None:
    streets = Streets(size=(60, 80), train=40)
    counts = np.zeros(256)
    for item in streets.items("train"):
        counts += np.bincount(streets.raw_label(item).flatten(), minlength=256)
    known = counts[: len(streets.class_names)]
    share = dict(zip(streets.class_names, known / known.sum(), strict=True))
    for name in ("sky", "road", "building"):
        assert share[name] > 0.08, share
    for name in ("pole", "sign", "pedestrian", "bicyclist"):
        assert 0 < share[name] < 0.04, share
    assert all(value > 0 for value in share.values())
    assert counts.sum() == known.sum() + counts[IGNORE]
