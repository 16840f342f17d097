"""The random walk: compared with scikit-image's, with dense algebra, and by what it is for."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.segmentation import random_walker

from raysal.annotate.tool.prepare.graph import Adjacency, adjacency
from raysal.annotate.tool.prepare.scribble import fill, step_weights


def grid(height: int, width: int) -> Adjacency:
    """The graph of single pixels."""
    return adjacency(np.arange(height * width, dtype=np.int32).reshape(height, width))


def everywhere(count: int) -> np.ndarray:
    """A scope without limits."""
    return np.ones(count, bool)


@pytest.mark.parametrize("seed", range(5))
def test_as_scikit_images_random_walker_on_a_graph_of_pixels(seed: int) -> None:
    """Its weights are exp(-beta d² / (10 std)), with 1e-10 more; ours are normalised by a mean."""
    rng = np.random.default_rng(seed)
    picture = rng.random((24, 30)) + 1.5 * (np.indices((24, 30))[1] > 14)
    places = rng.choice(picture.size, 12, replace=False)
    classes = rng.integers(0, 3, 12)
    marks = np.zeros(picture.size, int)
    marks[places] = classes + 1
    beta = 30.0
    expected = random_walker(picture, marks.reshape(24, 30), beta, mode="bf") - 1
    edges = grid(24, 30)
    lab_N3 = np.stack([picture.reshape(-1)] * 3, 1) / np.sqrt(3)
    mean = ((lab_N3[edges.one_E] - lab_N3[edges.other_E]) ** 2).sum(1).mean()
    weight_E = step_weights(edges, lab_N3, beta * mean / (10 * picture.std()))
    found = fill(
        edges, weight_E, dict(zip(places.tolist(), classes.tolist(), strict=True)),
        everywhere(picture.size),
    )  # fmt: skip
    actual = np.array([found[n] for n in range(picture.size)]).reshape(24, 30)
    # Ours adds 1e-6 to each weight, so that ties far from all seeds may differ.
    assert (actual == expected).mean() > 0.995


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 2.0))
def test_as_the_formula_with_dense_matrices(seed: int, gamma: float) -> None:
    rng = np.random.default_rng(seed)
    edges, count, classes = grid(4, 5), 20, 4
    weight_E = rng.random(len(edges.one_E)) + 0.1
    seeds = {int(n): int(rng.integers(classes)) for n in rng.choice(count, 3, replace=False)}
    prior_NS = rng.dirichlet(np.ones(classes), count)
    area_N = rng.integers(1, 50, count)
    laplacian = np.zeros((count, count))
    for a, b, w in zip(edges.one_E, edges.other_E, weight_E, strict=True):
        laplacian[[a, b], [b, a]] -= w
        laplacian[[a, b], [a, b]] += w
    free = [n for n in range(count) if n not in seeds]
    own = np.diag(gamma * area_N / area_N.mean())
    system = laplacian + own
    marked = np.zeros((count, classes))
    for n, c in seeds.items():
        marked[n, c] = 1
    right = (own @ prior_NS - laplacian @ marked)[free]
    x = np.linalg.solve(system[np.ix_(free, free)], right)
    np.testing.assert_allclose(x.sum(1), 1, atol=1e-9)
    clear = np.diff(np.sort(x, 1)[:, -2:], axis=1)[:, 0] > 1e-9
    found = fill(edges, weight_E, seeds, everywhere(count), prior_NS, area_N, gamma)
    actual = np.array([found[n] for n in free])
    assert (actual == x.argmax(1))[clear].all()
    assert {n: found[n] for n in seeds} == seeds


def test_what_no_seed_reaches_is_left_out_without_a_prior_and_has_the_priors_class_with_one() -> (
    None
):
    edges = grid(1, 7)
    weight_E = step_weights(edges, np.zeros((7, 3)))
    scope_N = np.array([1, 1, 1, 0, 1, 1, 1], bool)
    assert fill(edges, weight_E, {0: 2}, scope_N) == {0: 2, 1: 2, 2: 2}
    prior_NS = np.full((7, 3), 0.1)
    prior_NS[:, 1] = 0.8
    found = fill(edges, weight_E, {0: 2}, scope_N, prior_NS, np.ones(7), 0.01)
    assert found == {0: 2, 1: 2, 2: 2, 4: 1, 5: 1, 6: 1}
    assert fill(edges, weight_E, {3: 2}, scope_N) == {}  # A seed outside of the scope.
    assert fill(edges, weight_E, {}, scope_N) == {}
    only_prior = fill(edges, weight_E, {}, scope_N, prior_NS, np.ones(7))
    assert only_prior == {0: 1, 1: 1, 2: 1, 4: 1, 5: 1, 6: 1}


def test_borders_of_colour_stop_it_and_long_borders_carry_it() -> None:
    edges = grid(1, 6)
    lab_N3 = np.repeat([[20.0], [20], [20], [80], [80], [80]], 3, 1).astype(np.float32)
    found = fill(edges, step_weights(edges, lab_N3), {0: 0, 5: 1}, everywhere(6))
    assert [found[n] for n in range(6)] == [0, 0, 0, 1, 1, 1]
    # 1 touches 0 along one side and 2 along five.
    uneven = Adjacency(np.array([0, 1]), np.array([1, 2]), np.array([1, 5]))
    assert fill(uneven, step_weights(uneven, np.zeros((3, 3))), {0: 0, 2: 1}, everywhere(3))[1] == 1


def test_3200_superpixels_and_12_classes_take_well_below_a_second() -> None:
    """The aim is 100 ms; the limit allows for a busy machine."""
    rng = np.random.default_rng(0)
    edges, count = grid(40, 80), 3200
    lab_N3 = rng.random((count, 3)).astype(np.float32) * 100
    seeds = {int(n): int(rng.integers(12)) for n in rng.choice(count, 60, replace=False)}
    prior_NS = rng.dirichlet(np.ones(12), count)
    took_s = []
    for _ in range(3):
        start_s = time.perf_counter()
        found = fill(
            edges, step_weights(edges, lab_N3), seeds, everywhere(count), prior_NS, np.ones(count)
        )
        took_s.append(time.perf_counter() - start_s)
    assert len(found) == count
    assert min(took_s) < 0.5
