"""Superpixels: one for each pixel, in one piece, nested, along the edges of what is shown."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label as pieces_of

from raysal.annotate.tool.prepare import superpixels as module
from raysal.annotate.tool.prepare.graph import adjacency, coarsened
from raysal.annotate.tool.prepare.superpixels import GRAINS, count_for, superpixels


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A noisy picture of discs and stripes, uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    rows, cols = np.indices((height, width))
    picture = np.empty((height, width, 3))
    picture[:] = (90, 120, 160)
    picture[rows > height * 0.6] = (70, 70, 70)
    for _ in range(12):
        row, col, radius = rng.random(3) * (height, width, min(height, width) / 5)
        picture[(rows - row) ** 2 + (cols - col) ** 2 < radius**2] = rng.integers(0, 255, 3)
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 40), (3, 5), (7, 9), (48, 64), (33, 131), (360, 480), (300, 1100)]
)
def test_each_pixel_has_one_and_each_is_in_one_piece(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLIC_PIXELS", 60_000)
    found = superpixels(scene(*size))
    for grain in GRAINS:
        ids = found.map(grain)
        assert ids.shape == size
        assert ids.dtype == np.uint32
        assert len(np.unique(ids)) == ids.max() + 1 == found.count(grain)
        assert pieces_of(ids, background=-1, connectivity=1).max() == found.count(grain)


def test_grains_are_nested_and_of_the_counts_that_are_wanted() -> None:
    found = superpixels(scene(360, 480))
    fine, medium, coarse = (found.map(grain) for grain in ("fine", "medium", "coarse"))
    for inner, outer in ((fine, medium), (medium, coarse)):
        pairs = np.unique(np.stack([inner.reshape(-1), outer.reshape(-1)]), axis=1)
        assert len(np.unique(pairs[0])) == pairs.shape[1]
    pixels = fine.size
    assert found.count("coarse") == count_for("coarse", pixels)
    assert found.count("medium") == count_for("medium", pixels)
    assert 0.5 * count_for("fine", pixels) <= found.count("fine") <= 1.5 * count_for("fine", pixels)


def test_borders_follow_edges_also_where_the_picture_was_reduced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SLIC_PIXELS", 20_000)
    rows, cols = np.indices((360, 480))
    disc = (rows - 173) ** 2 + (cols - 251) ** 2 < 97**2
    picture = np.where(disc[..., None], (200, 60, 40), (60, 90, 60)).astype(np.uint8)
    ids = superpixels(picture).map("medium")
    inside = np.bincount(ids[disc], minlength=ids.max() + 1)
    of = np.bincount(ids.reshape(-1))
    wrong = np.minimum(inside, of - inside).sum()
    # Without moving the borders at full size, it is 839 pixels.
    assert wrong < 40


def test_large_pictures_have_borders_along_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLIC_PIXELS", 20_000)
    monkeypatch.setattr(module, "REFINED_PIXELS", 40_000)
    monkeypatch.setattr(module, "_STRIP", 10_000)
    found = superpixels(scene(361, 483))
    ids = found.map("fine")
    assert found.block == 4
    assert ids.shape == (361, 483)
    assert (ids[:4, :4] == ids[0, 0]).all()
    assert pieces_of(ids, background=-1, connectivity=1).max() == found.count("fine")


def test_the_same_picture_has_the_same_superpixels() -> None:
    one, other = superpixels(scene(120, 200)), superpixels(scene(120, 200))
    for grain in GRAINS:
        assert (one.map(grain) == other.map(grain)).all()


def test_adjacency_counts_sides_of_pixels() -> None:
    ids = np.array([[0, 0, 1], [2, 2, 1], [2, 2, 1]])
    edges = adjacency(ids)
    found = {
        (a, b): n
        for a, b, n in zip(
            edges.one_E.tolist(), edges.other_E.tolist(), edges.length_E.tolist(), strict=True
        )
    }
    assert found == {(0, 1): 1, (0, 2): 2, (1, 2): 2}
    union = coarsened(edges, np.array([0, 1, 0]))
    assert (union.one_E.tolist(), union.other_E.tolist(), union.length_E.tolist()) == (
        [0], [1], [3],
    )  # fmt: skip
