"""Top-k over a stream, compared with sorting the whole stream."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.acquisition.selection.top_k import Pick, RegionPick, top_k
from raysal.regions.region import Region

SCORES = st.one_of(
    st.sampled_from([0.0, 0.5, 0.5 + 1e-7, 1.0, -1.0, 1e308, -1.7e308, 1e-9, 1e-9 + 1e-12]),
    st.floats(-1e3, 1e3),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
IDS = st.text("ab0/é", min_size=1, max_size=3)


@given(scores=st.dictionaries(IDS, SCORES, max_size=40), data=st.data(), k=st.integers(0, 12))
def test_top_k_is_sorting(scores: dict[str, float], data: st.DataObject, k: int) -> None:
    picks = [Pick(image_id, score) for image_id, score in scores.items()]
    again = data.draw(st.lists(st.sampled_from(picks), max_size=10)) if picks else []
    stream = data.draw(st.permutations(picks + again))
    finite = [pick for pick in picks if math.isfinite(pick.score)]
    assert top_k(iter(stream), k) == sorted(finite, key=lambda pick: pick.rank)[:k]


CORNERS = st.tuples(IDS, st.integers(0, 2), st.integers(0, 2))


@given(regions=st.dictionaries(CORNERS, SCORES, max_size=40), data=st.data(), k=st.integers(0, 12))
def test_regions_are_ordered_over_all_images(
    regions: dict[tuple[str, int, int], float], data: st.DataObject, k: int
) -> None:
    """By score, then by image, row and column; duplicates count once."""
    picks = [
        RegionPick(image_id, 0, Region(row, col, 4, 4, score, 16))
        for (image_id, row, col), score in regions.items()
    ]
    again = data.draw(st.lists(st.sampled_from(picks), max_size=10)) if picks else []
    stream = data.draw(st.permutations(picks + again))
    finite = [pick for pick in picks if math.isfinite(pick.region.score)]
    # How near two scores are that tie: `test_scores_of_any_size_are_told_apart_alike`.
    expected = sorted(finite, key=lambda p: (p.rank[0], p.image_id, p.region.row, p.region.col))[:k]
    best = top_k(iter(stream), k)
    assert best == expected


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20, unique=True))
def test_higher_scores_come_first(scores: list[float]) -> None:
    chosen = top_k((Pick(f"{i:02d}", s) for i, s in enumerate(scores)), len(scores))
    for better, worse in itertools.pairwise(chosen):
        assert better.score >= worse.score * (1 - 1e-5)


def test_near_equal_scores_are_ordered_by_id() -> None:
    picks = [Pick("b", 0.5 + 1e-9), Pick("c", 0.5 - 1e-9), Pick("a", 0.5)]
    assert [pick.image_id for pick in top_k(picks, 3)] == ["a", "b", "c"]


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1.0, 1e12, 1e290])
def test_scores_of_any_size_are_told_apart_alike(size: float) -> None:
    """What differs by 1e-4 of its size is ordered by score, what differs by 1e-9 by id."""
    picks = [Pick("a", size), Pick("b", 1.0001 * size), Pick("c", 1.0001 * size * (1 + 1e-9))]
    assert [pick.image_id for pick in top_k(picks, 3)] == ["b", "c", "a"]
    below = [Pick(pick.image_id, -pick.score) for pick in picks]
    assert [pick.image_id for pick in top_k(below, 3)] == ["a", "b", "c"]


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_never_chosen(score: float) -> None:
    assert top_k([Pick("a", score), Pick("b", -5.0)], 2) == [Pick("b", -5.0)]
    assert top_k([Pick("a", score)], 1) == []


def test_memory_does_not_grow_with_the_stream() -> None:
    """An endless supply of picks costs no more than k of them are held."""
    held = 0

    class Counted(Pick):
        def __init__(self, *args: object) -> None:
            nonlocal held
            held += 1
            super().__init__(*args)

        def __del__(self) -> None:
            nonlocal held
            held -= 1

    most = 0
    stream = (Counted(f"{i:05d}", float(i * 7919 % 1000)) for i in range(3000))

    def watched() -> object:
        nonlocal most
        for pick in stream:
            most = max(most, held)
            yield pick

    assert len(top_k(watched(), 20)) == 20
    assert most <= 2 * 20 + 5
