"""The best rows of tables against the best of the same picks as objects."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.acquisition.selection import ranked
from raysal.acquisition.selection.ranked import best_rows, rows_after, rows_without
from raysal.acquisition.selection.top_k import Pick, RegionPick, top_k
from raysal.regions.region import Region
from tests.support.pick_tables import AnyPick, picks_of, table, tables

SCORES = st.one_of(
    st.sampled_from([0.0, -0.0, 0.5, 0.5 + 1e-7, 1e-9, 1e-9 + 1e-16, 5e-324, 1.0, -1.0]),
    st.floats(-1e3, 1e3),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e200, -1e200, 1e308, 1.7e308]),
)
# In the order of code points: "z" is before "é", that is before "天" and "𝄞".
IDS = st.text("aZz0/é天𝄞", min_size=1, max_size=3)
IMAGES = st.dictionaries(IDS, SCORES, max_size=40).map(
    lambda scores: [Pick(image_id, score) for image_id, score in scores.items()]
)
REGIONS = st.dictionaries(
    st.tuples(IDS, st.integers(0, 2), st.integers(0, 2)), SCORES, max_size=40
).map(
    lambda scores: [
        RegionPick(image_id, 0, Region(row, col, 4, 5, score, 20))
        for (image_id, row, col), score in scores.items()
    ]
)


@pytest.fixture(autouse=True, scope="module")
def _sorted_in_often() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranked, "AT_ONCE", 5)
        yield


@given(picks=IMAGES | REGIONS, data=st.data(), k=st.integers(1, 12), rows=st.integers(1, 9))
def test_as_top_k(picks: list[AnyPick], data: st.DataObject, k: int, rows: int) -> None:
    """In any order and any division into parts, with some that come twice."""
    again = data.draw(st.lists(st.sampled_from(picks), max_size=10)) if picks else []
    stream = data.draw(st.permutations(picks + again))
    best = best_rows(tables(stream, rows), k)
    assert ([] if best is None else picks_of(best)) == top_k(iter(stream), k)


@given(picks=IMAGES | REGIONS, k=st.integers(1, 12), most=st.integers(1, 40))
def test_going_on_after_the_last(picks: list[AnyPick], k: int, most: int) -> None:
    everything = top_k(iter(picks), most + k)
    first = best_rows(tables(picks), k)
    if first is None:
        assert everything == []
        return
    last = first.slice(len(first) - 1)
    second = best_rows((rows_after(part, last) for part in tables(picks)), most)
    assert picks_of(first) + ([] if second is None else picks_of(second)) == everything


@given(picks=IMAGES | REGIONS, data=st.data())
def test_without_those_taken(picks: list[AnyPick], data: st.DataObject) -> None:
    best = best_rows(tables(picks), 50)
    if best is None:
        return
    ordered = picks_of(best)
    taken = data.draw(st.lists(st.sampled_from(ordered), max_size=10, unique=True))
    parts = [ranked.with_level(table([pick])) for pick in taken]
    left = [pick for pick in ordered if pick not in taken]
    assert picks_of(rows_without(best, parts)) == left


def test_a_missing_score_is_never_chosen() -> None:
    rows = pa.table({"image_id": ["a", "b", "c"], "score": [None, 1.0, None]})
    best = best_rows([rows], 3)
    assert best is not None
    assert picks_of(best) == [Pick("b", 1.0)]
    assert best_rows([rows.slice(2)], 3) is None
    assert best_rows([], 3) is None


def test_rows_held_do_not_grow_with_the_stream() -> None:
    def stream() -> object:
        for start in range(0, 2_000_000, 10_000):
            numbers = pa.array(range(start, start + 10_000))
            ids = numbers.cast(pa.string())
            yield pa.table({"image_id": ids, "score": numbers.cast(pa.float64())})

    before = pa.total_allocated_bytes()
    pa.default_memory_pool().release_unused()
    best = best_rows(stream(), 100)
    assert best is not None
    # The lowest id of those that are tied: 17 bits tell apart every 16th.
    assert best.column("image_id")[0].as_py() == "1999992"
    assert len(best) == 100
    assert pa.total_allocated_bytes() - before < 1 << 20
