"""Views of labelled scenes."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raysal.data.decode import IGNORE, encode_png
from raysal.data.label_blocks import LabelBlocks
from raysal.data.labels import ANNOTATOR, NONE, LabelledImage, write_labels
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.data.tiles import TileConfig
from raysal.errors import DataError
from raysal.training.augment_config import AugmentConfig
from raysal.training.samples import Batches
from raysal.training.scenes import load_labelled_scenes
from tests.support.scenes import SCENE, photo, pool_of

TILES = TileConfig(size=48, overlap=16)


@given(st.data())
def test_windows_of_blocks(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(1, 600), st.integers(1, 300)))
    label = np.full(size, IGNORE, np.uint8)
    label[: size[0] // 3, size[1] // 2 :] = 4
    blocks = LabelBlocks(label)
    rows, cols = (
        slice(*sorted(data.draw(st.tuples(st.integers(0, s - 1), st.integers(1, s))))) for s in size
    )
    assert np.array_equal(blocks.window(rows, cols), label[rows, cols])


def test_unlabelled_parts_take_no_memory() -> None:
    label = np.full((3000, 3000), IGNORE, np.uint8)
    label[100:200, 100:200] = 1
    assert LabelBlocks(label).nbytes < 1000


def one_region(folder: Path, ids: list[str]) -> Path:
    """A store in which 8 x 8 pixels of each scene are labelled."""
    label, source = np.full(SCENE, IGNORE, np.uint8), np.full(SCENE, NONE, np.uint8)
    label[70:78, 10:18], source[70:78, 10:18] = 2, ANNOTATOR
    folder.mkdir(parents=True)
    write_labels(folder, [LabelledImage(i, label, source) for i in ids])
    return folder


def png_pool(folder: Path, photos: dict[str, np.ndarray]) -> Pool:
    files = {i: encode_png(pixels) for i, pixels in photos.items()}
    return write_pool([Source(i, lambda data=data: data) for i, data in files.items()], str(folder))


@pytest.mark.parametrize("kind", ["held", "named", "png"])
def test_every_view_has_a_known_pixel_and_its_own_pixels(kind: str, tmp_path: Path) -> None:
    photos = {"a": photo(1), "b": photo(2)}
    labels = one_region(tmp_path / "labels", ["a", "b"])
    if kind == "png":
        pool = png_pool(tmp_path / "pool", photos)
    else:
        pool = pool_of(tmp_path / "p", photos, named=kind == "named")
    scenes = load_labelled_scenes(pool, [labels], SCENE, TILES)
    # One of the tiles' cores holds the region.
    assert (len(scenes), scenes.images_used, scenes.ids) == (2, 2, ["a", "b"])
    starts = set()
    for seed in range(30):
        image, label = scenes.view(0, seed)
        assert image.shape == (48, 48, 3)
        assert (label == 2).any()
        rows, cols = (label == 2).nonzero()
        place = next(
            (r, c)
            for r in range(49)
            for c in range(49)
            if np.array_equal(photos["a"][r : r + 48, c : c + 48], image)
        )
        starts.add(place)
        assert 70 <= place[0] + rows.min() < 78
        assert 10 <= place[1] + cols.min() < 18
        assert all(map(np.array_equal, scenes.view(0, seed), (image, label)))
    assert len(starts) > 20
    # Loader processes open the files themselves, and do not remove them.
    copy = pickle.loads(pickle.dumps(scenes))
    assert np.array_equal(copy.view(1, 3)[0], scenes.view(1, 3)[0])
    folder = Path(scenes.folder.name)  # type: ignore[union-attr]
    held = sorted(path.suffix for path in folder.iterdir())
    assert held == {"held": [".tif"] * 2, "named": [], "png": [".npy"] * 2}[kind]
    del copy, scenes
    gc.collect()
    assert not folder.exists()


def test_a_wholly_labelled_scene_shows_each_tile_in_an_epoch(tmp_path: Path) -> None:
    pool = pool_of(tmp_path / "p", {"a": photo(1)})
    folder = tmp_path / "labels"
    folder.mkdir()
    write_labels(
        folder, [LabelledImage("a", np.zeros(SCENE, np.uint8), np.full(SCENE, ANNOTATOR, np.uint8))]
    )
    scenes = load_labelled_scenes(pool, [folder], SCENE, TILES)
    assert len(scenes) == len(TILES.of(SCENE)) == 9
    scenes.check_classes(1)
    with pytest.raises(DataError, match="the label of 'a' holds class 0, but the data set has 0"):
        scenes.check_classes(0)
    batches = Batches(scenes, len(scenes), AugmentConfig(), 4, 0, 0, 1, 0)
    shapes = [(tuple(x.shape), tuple(y.shape)) for x, y in batches.epoch(0)]
    assert shapes == [((4, 3, 48, 48), (4, 48, 48))] * 3
    once, again = (torch.cat([x for x, _ in batches.epoch(1)]) for _ in range(2))
    assert torch.equal(once, again)


def test_a_label_of_another_size_is_refused(tmp_path: Path) -> None:
    pool = pool_of(tmp_path / "p", {"a": photo(1)})
    labels = one_region(tmp_path / "labels", ["a"])
    with pytest.raises(DataError, match="the label of 'a' is 96x96, the working size is 64x96"):
        load_labelled_scenes(pool, [labels], (64, 96), TILES)
