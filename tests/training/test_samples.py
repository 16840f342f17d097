"""Labelled images: their order, their memory, their merging over rounds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raysal.data.decode import IGNORE, decode_image
from raysal.data.labels import ANNOTATOR, LabelledImage, write_labels
from raysal.data.pool.pool import Pool
from raysal.errors import DataError, PoolError
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import TrainConfig
from raysal.training.samples import Batches, LabelledSet, epoch_batches, load_labelled


@given(
    images=st.integers(1, 30),
    more=st.integers(0, 40),
    batch=st.integers(1, 9),
    seed=st.integers(0, 5),
)
def test_an_epoch_covers_all_images_in_full_batches(
    images: int, more: int, batch: int, seed: int
) -> None:
    batches = epoch_batches(images, images + more, batch, seed, 0)
    assert [len(b) for b in batches] == [batch] * -(-(images + more) // batch)
    order = [index for b in batches for index in b]
    assert set(order) == set(range(images))
    counts = Counter(order[: images + more]).values()
    assert max(counts) - min(counts) <= 1
    assert batches == epoch_batches(images, images + more, batch, seed, 0)


def test_the_length_of_an_epoch() -> None:
    assert TrainConfig().images_per_epoch(6, 20) == 6
    assert TrainConfig(length="pool_epochs").images_per_epoch(6, 20) == 20


def test_epochs_and_seeds_differ() -> None:
    orders = {str(epoch_batches(20, 20, 4, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


SIZE = (32, 48)
BYTES = 32 * 48 * 3


def kinds(loaded: LabelledSet) -> list[str]:
    return ["encoded" if isinstance(image, bytes) else "decoded" for image in loaded.images]


@pytest.mark.parametrize(
    ("bound", "decoded"),
    [(0, 0), (BYTES - 1, 0), (BYTES, 1), (2 * BYTES + 5, 2), (4 * BYTES, 4), (float("inf"), 4)],
)
def test_memory_of_decoded_images_is_bounded(labelled: Any, bound: float, decoded: int) -> None:
    pool = Pool.open(labelled.pool)
    loaded = load_labelled(pool, [labelled.labels], SIZE, bound)
    assert kinds(loaded).count("decoded") == decoded
    rows = {row.image_id: row.data for row in pool.fetch(loaded.ids)}
    items = {item.image_id: item for item in labelled.dataset.items("train")}
    for index, image_id in enumerate(loaded.ids):
        image, label = loaded.get(index)
        assert np.array_equal(image, decode_image(rows[image_id], SIZE))
        assert np.array_equal(label, labelled.dataset.label(items[image_id]))


def store(folder: Path, *labels: LabelledImage) -> Path:
    folder.mkdir()
    write_labels(folder, labels)
    return folder


def half(image_id: str, columns: slice, value: int) -> LabelledImage:
    label = np.full(SIZE, IGNORE, np.uint8)
    source = np.zeros(SIZE, np.uint8)
    label[:, columns], source[:, columns] = value, ANNOTATOR
    return LabelledImage(image_id, label, source)


def test_labels_of_all_rounds_are_merged(labelled: Any, tmp_path: Path) -> None:
    image_id = "train-000005"
    folders = [
        store(tmp_path / "0", half(image_id, slice(0, 24), 3)),
        store(tmp_path / "1", half(image_id, slice(20, 30), 4)),
    ]
    loaded = load_labelled(Pool.open(labelled.pool), folders, SIZE, 1e9)
    assert loaded.ids == [image_id]
    expected = np.repeat([3, 4, IGNORE], [20, 10, 18])
    assert np.array_equal(loaded.labels[0], np.tile(expected, (32, 1)))


def test_images_without_a_known_pixel_are_left_out(labelled: Any, tmp_path: Path) -> None:
    unknown = store(tmp_path / "0", half("train-000004", slice(0, 0), 0))
    pool = Pool.open(labelled.pool)
    assert "train-000004" not in load_labelled(pool, [labelled.labels, unknown], SIZE, 0).ids
    with pytest.raises(DataError, match="no labelled image to train on"):
        load_labelled(pool, [unknown], SIZE, 0)


def test_a_labelled_image_that_the_pool_lacks(labelled: Any, tmp_path: Path) -> None:
    folder = store(tmp_path / "0", half("elsewhere", slice(0, 9), 0))
    with pytest.raises(PoolError, match="has no image 'elsewhere'"):
        load_labelled(Pool.open(labelled.pool), [folder], SIZE, 0)


def batches(labelled: Any, **changes: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    loaded = load_labelled(Pool.open(labelled.pool), [labelled.labels], SIZE, 1e9)
    setting = {"batch_size": 4, "seed": 1, "rank": 0, "workers": 1, "loader_workers": 0} | changes
    return list(Batches(loaded, len(loaded), AugmentConfig(), **setting).epoch(2))


@pytest.mark.parametrize("batch", [2, 4])
def test_workers_divide_the_batches_of_a_single_one(labelled: Any, batch: int) -> None:
    whole = batches(labelled, batch_size=batch)
    shares = [batches(labelled, batch_size=batch, rank=rank, workers=2) for rank in (0, 1)]
    for step, (images, labels) in enumerate(whole):
        for rank in (0, 1):
            assert torch.equal(shares[rank][step][0], images[rank::2])
            assert torch.equal(shares[rank][step][1], labels[rank::2])


def test_loading_does_not_use_torchs_random_numbers(labelled: Any) -> None:
    before = torch.get_rng_state()
    first = batches(labelled)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, batches(labelled), strict=True))


def test_damaged_images_are_named_and_not_trained_on(labelled: Any, tmp_path: Path) -> None:
    """A pool that stores paths instead of bytes; one of the files is truncated later."""
    from raysal.data.pool.sources import folder_sources
    from raysal.data.pool.writer import write_pool

    tree = tmp_path / "tree"
    tree.mkdir()
    for item in labelled.dataset.items("train"):
        (tree / f"{item.image_id}.jpg").write_bytes(labelled.dataset.image_bytes(item))
    pool = write_pool(folder_sources(str(tree), embed=False), str(tmp_path / "pool"))
    cut = tree / "train-000001.jpg"
    cut.write_bytes(cut.read_bytes()[:400])
    (tree / "train-000002.jpg").unlink()
    loaded = load_labelled(pool, [labelled.labels], SIZE, 1e9)
    assert loaded.ids == ["train-000000", "train-000003"]
    assert [image_id for image_id, _ in loaded.bad] == ["train-000001", "train-000002"]
    assert json.dumps(loaded.bad)
