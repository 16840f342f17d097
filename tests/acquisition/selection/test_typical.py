"""TypiClust: cases worked by hand, and simple implementations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from raysal.acquisition.selection import typical as module
from raysal.acquisition.selection.typical import mean_distances, most_typical


def on_circle(*degrees: float) -> np.ndarray:
    """Unit vectors, by their angles."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


# Three clusters of 9, 7 and 5 images. Closest to the others is the one in the middle.
A = (0, 2, 3, 4, 7, -2, 8, -4, 5)
B = (120, 122, 123, 125, 127, 118, 121)
C = (240, 242, 243, 244, 247)
CIRCLE = on_circle(*A, *B, *C)
MIDDLE = [2, 10, 18]  # 3, 122 and 243 degrees.


def chosen(
    vectors: np.ndarray, count: int, labelled: Sequence[int] = (), seed: int = 0
) -> list[int]:
    known = np.zeros(len(vectors), bool)
    known[list(labelled)] = True
    return [place for place, _ in most_typical(vectors, known, count, seed)]


@pytest.mark.parametrize("seed", range(5))
def test_the_middle_of_each_cluster_the_largest_cluster_first(seed: int) -> None:
    assert chosen(CIRCLE, 3, seed=seed) == MIDDLE


def test_typicality_is_the_inverse_of_the_mean_distance() -> None:
    """Of the chords from the image at 3 degrees to the others of its cluster."""
    (first, typicality), *_ = most_typical(CIRCLE, np.zeros(21, bool), 3, 0)
    chords = 2 * np.sin(np.deg2rad(np.array([3, 1, 1, 4, 5, 5, 7, 2])) / 2)
    assert first == 2
    assert typicality == pytest.approx(1 / (chords.mean() + 1e-5), rel=1e-4)


def test_clusters_with_labelled_images_come_last() -> None:
    """Two are labelled and one is wanted: three clusters."""
    assert chosen(CIRCLE, 1, labelled=[4, 11]) == MIDDLE[2:]
    assert chosen(CIRCLE, 1, labelled=[17, 4]) == MIDDLE[1:2]
    assert chosen(CIRCLE, 1, labelled=[17, 11]) == MIDDLE[:1]


def test_a_labelled_image_is_not_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three clusters hold one; at 2 and 4 degrees the mean distances are equal."""
    monkeypatch.setattr(module, "MAX_CLUSTERS", 3)
    assert chosen(CIRCLE, 2, labelled=MIDDLE) == [1, 11]


def test_more_images_than_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cluster is asked once, then every one again, the largest first."""
    monkeypatch.setattr(module, "MAX_CLUSTERS", 3)
    seven = chosen(CIRCLE, 7)
    assert seven[:3] == MIDDLE
    where = ["A" if place < 9 else "B" if place < 16 else "C" for place in seven]
    assert "".join(where) == "ABCABCA"
    assert sorted(chosen(CIRCLE, 100)) == list(range(21))
    assert chosen(CIRCLE, 3, labelled=[0]) == [*MIDDLE[1:], MIDDLE[0]], "it counts as chosen"


def test_small_clusters_are_passed_over_until_nothing_else_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two outliers, and two clusters of 20."""
    monkeypatch.setattr(module, "MAX_CLUSTERS", 4)
    left, right = (on_circle(*np.linspace(a, a + 10, 20)) for a in (0, 100))
    vectors = np.concatenate([on_circle(200, 290), left, right])
    picks = chosen(vectors, 4)
    assert min(picks) >= 2
    assert sum(place < 22 for place in picks) == 2
    assert set(chosen(vectors, 42)[-2:]) == {0, 1}


def test_small_pools() -> None:
    pairs = on_circle(0, 1, 90, 91, 180, 181, 270, 271)
    assert {place // 2 for place in chosen(pairs, 4)} == {0, 1, 2, 3}
    assert sorted(chosen(pairs, 8)) == sorted(chosen(pairs, 20)) == list(range(8))
    assert chosen(on_circle(10), 3) == [0]
    assert chosen(on_circle(10), 3, labelled=[0]) == []
    assert chosen(np.empty((0, 0), np.float32), 3) == []
    assert chosen(pairs, 0) == []


def test_ties_go_to_the_first_image() -> None:
    """Equal images differ by rounding."""
    noise = 1e-7 * np.random.default_rng(0).normal(size=(30, 2))
    vectors = (np.repeat(on_circle(0, 90, 180), 10, 0) + noise).astype(np.float32)
    assert chosen(vectors, 6) == [0, 10, 20, 1, 11, 21]
    picks = list(most_typical(vectors, np.zeros(30, bool), 3, 0))
    assert all(np.isfinite(typicality) for _, typicality in picks)


def test_mean_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the 20 nearest, or to all others; also in pieces."""
    monkeypatch.setattr(module, "AT_ONCE", 200)
    for count in (2, 9, 21, 60):
        vectors = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
        exact = vectors.astype(np.float64)
        distances = np.sort(np.linalg.norm(exact[:, None] - exact[None], axis=2), 1)[:, 1:21]
        assert mean_distances(vectors) == pytest.approx(distances.mean(1), rel=1e-6)
    assert mean_distances(np.ones((1, 3), np.float32)).tolist() == [np.inf]
