"""K-center greedy: worked cases, a simple implementation, and any number of shards."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from raysal.acquisition.selection.k_center import (
    Farthest,
    LocalShards,
    Metric,
    Shard,
    k_center_greedy,
)
from raysal.errors import DataError
from tests.support.worked_cases import Case, all_cases

CASES = [case for case in all_cases() if case.group == "KCENTER"]
METRICS: tuple[Metric, ...] = ("l2", "cosine")


def greedy(
    vectors: np.ndarray,
    centres: np.ndarray,
    budget: int,
    metric: Metric = "l2",
    shards: int = 1,
    seed: int = 0,
) -> list[Farthest]:
    """Picks from candidates that are divided into shards."""
    pieces = np.array_split(np.arange(len(vectors)), shards)
    dealt = [
        Shard([name(i) for i in piece], vectors[piece], int(piece[0]) if len(piece) else 0, metric)
        for piece in pieces
    ]
    return list(itertools.islice(k_center_greedy(LocalShards(dealt), centres, seed, 0), budget))


def name(index: int) -> str:
    """Names in the order of the candidates, which is that of ties."""
    return f"{index:04d}"


def recomputed(
    vectors: np.ndarray, centres: np.ndarray, budget: int, metric: Metric
) -> list[tuple[int, float]]:
    """Recompute all distances for each pick, in float64."""
    left, chosen = list(range(len(vectors))), []
    around = [np.asarray(c, np.float64) for c in centres]
    while left and len(chosen) < budget:
        nearest = [min(distance(vectors[i], c, metric) for c in around) for i in left]
        best = max(range(len(left)), key=lambda k: (nearest[k], -left[k]))
        chosen.append((left[best], nearest[best]))
        around.append(vectors[left.pop(best)].astype(np.float64))
    return chosen


def distance(a: np.ndarray, b: np.ndarray, metric: Metric) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    if metric == "l2":
        return float(np.linalg.norm(a - b))
    return float(1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("shards", [1, 2, 3])
def test_worked_cases(case: Case, shards: int) -> None:
    given_ = case.inputs
    features = np.array(given_["features"], np.float32)
    candidates = np.array(given_["candidates"])
    got = greedy(
        features[candidates], features[given_["labelled"]], given_["budget"], shards=shards
    )
    case.check(
        {
            "selected": [int(candidates[far.index]) for far in got],
            "distance_at_pick": [far.distance for far in got],
        }
    )


@pytest.mark.parametrize("metric", METRICS)
def test_the_running_minimum_is_the_minimum(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 16)).astype(np.float32)
    centres = rng.normal(size=(7, 16)).astype(np.float32)
    expected = recomputed(vectors, centres, 40, metric)
    got = greedy(vectors, centres, 40, metric)
    assert [far.index for far in got] == [index for index, _ in expected]
    assert [far.distance for far in got] == pytest.approx([d for _, d in expected], abs=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_the_picks_do_not_depend_on_the_number_of_shards(metric: Metric) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(700, 256)).astype(np.float32)
    vectors[300:400] = vectors[100:200]  # Duplicates: ties, and distances of 0.
    centres = vectors[[5, 650]]
    expected = picks_of(greedy(vectors, centres, 650, metric))
    for shards in (2, 3, 10):
        assert picks_of(greedy(vectors, centres, 650, metric, shards)) == expected


def picks_of(found: Sequence[Farthest]) -> list[tuple[int, float]]:
    return [(far.index, far.distance) for far in found]


small = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(-3, 3)
)


@given(small, st.integers(1, 4), st.integers(0, 15))
def test_each_candidate_is_chosen_once_farthest_first(
    vectors: np.ndarray, shards: int, budget: int
) -> None:
    got = greedy(vectors, vectors[:1], budget, shards=shards)
    indices = [far.index for far in got]
    assert len(indices) == len(set(indices)) == min(budget, len(vectors))
    distances = [far.distance for far in got]
    assert distances == sorted(distances, reverse=True)
    assert picks_of(got) == picks_of(greedy(vectors, vectors[:1], budget))


def test_without_labels_the_first_is_random() -> None:
    vectors, none = np.arange(6, dtype=np.float32)[:, None], np.empty((0, 1), np.float32)
    firsts = set()
    for seed in range(20):
        got = greedy(vectors, none, 6, seed=seed)
        first, second = got[0].index, got[1].index
        assert second == (0 if first >= 3 else 5)
        assert got[0].distance == np.inf
        assert [far.distance for far in got[1:]] == sorted(
            (far.distance for far in got[1:]), reverse=True
        )
        assert sorted(far.index for far in got) == list(range(6))
        assert picks_of(greedy(vectors, none, 6, shards=4, seed=seed)) == picks_of(got)
        firsts.add(first)
    assert len(firsts) >= 4


def test_nothing_to_choose_from() -> None:
    centres = np.ones((2, 3), np.float32)
    assert greedy(np.empty((0, 3), np.float32), centres, 5, shards=2) == []
    assert greedy(np.empty((0, 3), np.float32), centres[:0], 5) == []


@pytest.mark.parametrize("metric", METRICS)
def test_rounding_errors_decide_nothing(metric: Metric) -> None:
    """Duplicates whose features differ by rounding errors are taken in the order of their ids."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(60, 32)).astype(np.float32)
    vectors[30:] = vectors[:30]
    centres = vectors[[3, 8]]
    expected = [far.index for far in greedy(vectors, centres, 28, metric)]
    assert max(expected) < 30
    for _ in range(10):
        noise = 1 + 2e-7 * rng.uniform(-1, 1, vectors.shape).astype(np.float32)
        assert [far.index for far in greedy(vectors * noise, centres, 28, metric, 3)] == expected


@given(
    vectors=hnp.arrays(
        np.float32, st.tuples(st.integers(2, 14), st.just(3)), elements=st.integers(-2, 2)
    ),
    noisy=st.booleans(),
    labelled=st.integers(0, 2),
    metric=st.sampled_from(METRICS),
    data=st.data(),
)
def test_the_order_of_the_pool_does_not_matter(
    vectors: np.ndarray, noisy: bool, labelled: int, metric: Metric, data: st.DataObject
) -> None:
    """Whatever the order and the shards, the same images in the same order; most are tied."""
    if noisy:  # Within the tie, but not equal.
        vectors = vectors * (1 + 1e-7 * np.arange(len(vectors), dtype=np.float32))[:, None]
    names = [name(i) for i in data.draw(st.permutations(range(len(vectors))))]
    centres = np.eye(3, dtype=np.float32)[:labelled]
    expected = picked(names, vectors, centres, metric, 1)
    assert sorted(expected) == sorted(names)
    for _ in range(3):
        order = data.draw(st.permutations(range(len(vectors))))
        shards = data.draw(st.integers(1, 4))
        shuffled = [names[i] for i in order]
        assert picked(shuffled, vectors[order], centres, metric, shards) == expected


def picked(
    names: list[str], vectors: np.ndarray, centres: np.ndarray, metric: Metric, shards: int
) -> list[str]:
    """Names of the picks from candidates that are divided into shards."""
    dealt = [
        Shard([names[i] for i in piece], vectors[piece], int(piece[0]) if len(piece) else 0, metric)
        for piece in np.array_split(np.arange(len(names)), shards)
    ]
    return [far.image_id for far in k_center_greedy(LocalShards(dealt), centres, 0, 0)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exponent", [-130, -80, 80, 124])
def test_features_may_have_any_size(metric: Metric, exponent: int) -> None:
    """2^80 is about 1e24: its square is too large for float32."""
    rng = np.random.default_rng(3)
    vectors = np.round(rng.normal(size=(60, 8)) * 64).astype(np.float32) / 64
    expected = greedy(vectors, vectors[:2], 20, metric)
    scaled = np.ldexp(vectors, exponent)
    for shards in (1, 3):
        got = greedy(scaled, scaled[:2], 20, metric, shards)
        assert [far.index for far in got] == [far.index for far in expected]
        unit = 2.0**exponent if metric == "l2" else 1.0
        assert [far.distance for far in got] == [far.distance * unit for far in expected]


def test_features_that_cannot_be_compared_are_reported() -> None:
    vectors = np.array([[1, 2], [1e25, 0], [3, 4]], np.float32)
    with pytest.raises(
        DataError, match=r"'0001' are as large as 1e\+25, too large .* 2e\+00; lower"
    ):
        greedy(vectors, vectors[:1], 2)
    assert [far.index for far in greedy(vectors, vectors[:1], 1, "cosine")] == [1]


def test_cosine_ignores_lengths() -> None:
    vectors = np.array([[100, 1], [0, 0.1], [-1, 0], [0, 0]], np.float32)
    got = greedy(vectors, np.array([[1.0, 0.0]], np.float32), 4, "cosine")
    # The opposite direction first; a zero vector has a distance of 0.5 to every other.
    assert [far.index for far in got][:2] == [2, 1]
    assert got[0].distance == pytest.approx(2.0)


def test_features_that_are_not_finite_are_reported() -> None:
    vectors = np.ones((3, 2), np.float32)
    vectors[1, 0] = np.nan
    with pytest.raises(DataError, match="features of 'b' are not finite"):
        Shard(["a", "b", "c"], vectors, 0, "l2")
