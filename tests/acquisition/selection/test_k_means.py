"""K-means: clusters that anyone sees, fixed points of Lloyd's steps, duplicates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2

from raysal.acquisition.selection import k_means as module
from raysal.acquisition.selection.k_means import k_means

RNG = np.random.default_rng(0)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def around(directions: np.ndarray, each: int) -> np.ndarray:
    """Unit vectors close to some directions."""
    noise = RNG.normal(size=(len(directions) * each, directions.shape[1]))
    return unit(np.repeat(directions, each, 0) + 0.03 * noise)


def test_separate_clusters_are_found_in_the_order_of_their_first_vectors() -> None:
    directions = np.eye(9)[[4, 0, 7, 2, 8, 1]]
    for seed in range(5):
        assert k_means(around(directions, 30), 6, seed).tolist() == np.repeat(range(6), 30).tolist()


@pytest.mark.parametrize("clusters", [1, 3, 12, 60])
def test_another_step_changes_nothing(clusters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """SciPy's step from our means assigns every vector as we do; also when done in pieces."""
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 100)
    vectors = unit(np.random.default_rng(1).normal(size=(700, 5)))
    ours = k_means(vectors, clusters, 0)
    assert sorted(set(ours.tolist())) == list(range(clusters))
    means = np.stack([vectors[ours == c].mean(0) for c in range(clusters)])
    _, theirs = kmeans2(vectors, means, iter=1, minit="matrix")
    assert (ours == theirs).all()


def test_as_good_as_the_best_of_scipy() -> None:
    """The best of ten attempts, on vectors without clusters."""
    vectors = unit(np.random.default_rng(2).normal(size=(300, 4)))

    def squares(labels: np.ndarray) -> float:
        return sum(((v := vectors[labels == c]) - v.mean(0)).__pow__(2).sum() for c in set(labels))

    theirs = [kmeans2(vectors, 8, iter=100, minit="++", rng=seed)[1] for seed in range(10)]
    ours = [squares(k_means(vectors, 8, seed)) for seed in range(5)]
    assert max(ours) <= np.median([squares(labels) for labels in theirs])


def test_the_seed_decides() -> None:
    vectors = unit(np.random.default_rng(3).normal(size=(300, 4)))
    first = [k_means(vectors, 70, seed).tolist() for seed in range(3)]
    assert first == [k_means(vectors, 70, seed).tolist() for seed in range(3)]
    assert first[0] != first[1]


def test_duplicates_are_one_centre() -> None:
    """Equal vectors differ by rounding when they come from different batches."""
    three = unit(np.random.default_rng(4).normal(size=(3, 8)))
    noise = 1e-7 * np.random.default_rng(5).normal(size=(60, 8))
    vectors = (np.repeat(three, 20, 0) + noise).astype(np.float32)
    assert k_means(vectors, 10, 0).tolist() == np.repeat(range(3), 20).tolist()
    assert k_means(np.zeros((4, 8), np.float32), 3, 0).tolist() == [0] * 4
    assert k_means(three[:1], 5, 0).tolist() == [0]


def test_rounding_changes_nothing() -> None:
    vectors = unit(np.random.default_rng(6).normal(size=(500, 16)))
    noise = 1e-7 * np.random.default_rng(7).normal(size=vectors.shape)
    for clusters in (5, 80):
        rounded = k_means((vectors + noise).astype(np.float32), clusters, 0)
        assert (rounded == k_means(vectors, clusters, 0)).all()
