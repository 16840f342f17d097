"""Greedy selection from a stream, compared with sorting the whole stream first."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.acquisition.selection.diverse import Constraint, MinDistance, MinGap, Quota
from raysal.acquisition.selection.diverse import diverse as diverse_tables
from raysal.acquisition.selection.top_k import Pick, RegionPick
from raysal.regions.region import Region
from tests.support.pick_tables import AnyPick, picks_of, tables

VIDEOS, FRAMES = "abc", range(12)
IDS = st.builds("{}/{:02d}".format, st.sampled_from(VIDEOS), st.sampled_from(FRAMES))
SCORES = st.one_of(st.sampled_from([0.0, 0.5, 0.5 + 1e-7, 1.0, float("nan")]), st.floats(-9, 9))
STREAMS = st.dictionaries(IDS, SCORES, max_size=30)
SETTINGS = st.fixed_dictionaries(
    {
        "quota": st.none() | st.integers(1, 4),
        "gap": st.none() | st.integers(1, 6),
        "distance": st.none() | st.sampled_from([0.03, 0.31, 0.97, 1.53]),
    }
)


def diverse(
    read: Callable[[], Sequence[AnyPick]],
    constraints: Sequence[Constraint],
    at_once: int,
    prepare: Callable[[Sequence[str]], None] | None = None,
) -> Iterator[AnyPick]:
    for part in diverse_tables(lambda: tables(read()), constraints, at_once, prepare):
        yield from picks_of(part)


def video(image_id: str) -> str:
    return image_id.partition("/")[0]


def frame(image_id: str) -> int:
    return int(image_id.partition("/")[2])


def vector(image_id: str) -> np.ndarray:
    """A vector for each id, with so few degrees of freedom that many are similar."""
    rng = np.random.default_rng([ord(video(image_id)), frame(image_id)])
    return np.array([*rng.normal(size=2), 0.3], np.float32)


VECTORS = {i: vector(i) for i in (f"{v}/{f:02d}" for v in VIDEOS for f in FRAMES)}


def distance(a: str, b: str) -> float:
    x, y = (VECTORS[i].astype(float) for i in (a, b))
    return 1 - float(x @ y) / float(np.sqrt((x @ x) * (y @ y)))


def conflict(settings: dict[str, float | None], a: str, b: str) -> bool:
    """Whether two images conflict by gap or distance."""
    if a == b:
        return False
    gap, least = settings["gap"], settings["distance"]
    near = gap is not None and video(a) == video(b) and abs(frame(a) - frame(b)) < gap
    return near or (least is not None and distance(a, b) < least)


def brute(settings: dict[str, float | None], picks: Sequence[Pick | RegionPick]) -> list[object]:
    """Sort everything, go through it once, and compare each pick with all taken before."""
    taken: list[Pick | RegionPick] = []
    for pick in sorted((p for p in picks if np.isfinite(p.score)), key=lambda p: p.rank):
        group = [t for t in taken if video(t.image_id) == video(pick.image_id)]
        if settings["quota"] is not None and len(group) >= settings["quota"]:
            continue
        if not any(conflict(settings, t.image_id, pick.image_id) for t in taken):
            taken.append(pick)
    return list(taken)


def constraints(settings: dict[str, float | None]) -> list[Constraint]:
    made: list[Constraint] = []
    if settings["quota"] is not None:
        made.append(Quota(int(settings["quota"]), video))
    if settings["gap"] is not None:
        made.append(MinGap(int(settings["gap"]), video, frame))
    if settings["distance"] is not None:
        made.append(MinDistance(settings["distance"], VECTORS))
    return made


@given(scores=STREAMS, settings=SETTINGS, at_once=st.integers(1, 8), data=st.data())
def test_equals_sorting_everything(
    scores: dict[str, float], settings: dict[str, float | None], at_once: int, data: st.DataObject
) -> None:
    """In any order of the stream, which may contain duplicates."""
    picks = [Pick(image_id, score) for image_id, score in scores.items()]
    again = data.draw(st.lists(st.sampled_from(picks), max_size=8)) if picks else []
    stream = data.draw(st.permutations(picks + again))
    chosen = list(diverse(lambda: stream, constraints(settings), at_once))
    assert chosen == brute(settings, picks)


@given(scores=STREAMS, settings=SETTINGS, at_once=st.integers(1, 8), budget=st.integers(0, 9))
def test_constraints_hold_and_nothing_else_is_left_out(
    scores: dict[str, float], settings: dict[str, float | None], at_once: int, budget: int
) -> None:
    """Quota, gap and distance hold; a pick that is left out conflicts with a chosen one."""
    picks = [Pick(image_id, score) for image_id, score in scores.items()]
    made = diverse(lambda: picks, constraints(settings), at_once)
    chosen = [pick.image_id for pick in itertools.islice(made, budget)]
    assert len(chosen) == len(set(chosen)) <= budget
    counts = Counter(map(video, chosen))
    if settings["quota"] is not None:
        assert all(count <= settings["quota"] for count in counts.values())
    for a, b in itertools.combinations(chosen, 2):
        if settings["gap"] is not None and video(a) == video(b):
            assert abs(frame(a) - frame(b)) >= settings["gap"]
        if settings["distance"] is not None:
            assert distance(a, b) >= settings["distance"] - 1e-9
    if len(chosen) < budget:
        for pick in picks:
            full = settings["quota"] is not None and (
                counts[video(pick.image_id)] == settings["quota"]
            )
            assert (
                pick.image_id in chosen
                or full
                or not np.isfinite(pick.score)
                or any(conflict(settings, c, pick.image_id) for c in chosen)
            )


CORNERS = st.tuples(IDS, st.integers(0, 2))


@given(
    scores=st.dictionaries(CORNERS, st.floats(0, 9), max_size=25),
    settings=SETTINGS,
    at_once=st.integers(1, 5),
)
def test_an_image_may_have_several_regions(
    scores: dict[tuple[str, int], float], settings: dict[str, float | None], at_once: int
) -> None:
    picks = [
        RegionPick(image_id, 0, Region(row, 0, 4, 4, score, 16))
        for (image_id, row), score in scores.items()
    ]
    assert list(diverse(lambda: picks, constraints(settings), at_once)) == brute(settings, picks)


def test_each_window_costs_one_pass() -> None:
    """If conflicting picks were kept in windows, each `at_once` of the pool would cost a pass."""
    passes = 0

    def read() -> list[Pick]:
        nonlocal passes
        passes += 1
        return [Pick(f"{v}/{n:04d}", float(n % 89)) for v in "ab" for n in range(500)]

    chosen = list(diverse(read, [Quota(2, video)], at_once=10))
    assert [pick.image_id for pick in chosen] == ["a/0088", "a/0177", "b/0088", "b/0177"]
    assert passes == 2


def test_windows_are_prepared_before_they_are_checked() -> None:
    known: dict[str, np.ndarray] = {}

    def prepare(window: Sequence[str]) -> None:
        assert len(window) <= 2
        known.clear()
        known.update((image_id, VECTORS[image_id]) for image_id in window)

    picks = [Pick(image_id, float(n)) for n, image_id in enumerate(VECTORS)]
    lazily = diverse(lambda: picks, [MinDistance(0.31, known)], 2, prepare)
    assert list(lazily) == brute({"quota": None, "gap": None, "distance": 0.31}, picks)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_zero_and_infinite_vectors(bad: float) -> None:
    """A zero vector has a distance of 1 to every other; one that is not finite is never taken."""
    vectors = {"a": np.zeros(3), "b": np.array([1.0, 0, 0]), "c": np.array([bad, 0, 0])}
    picks = [Pick(image_id, 1.0) for image_id in vectors]
    chosen = diverse(lambda: picks, [MinDistance(0.9, vectors)], 5)
    assert [pick.image_id for pick in chosen] == ["a", "b"]


def test_memory_does_not_grow_with_the_stream() -> None:
    ids = [f"{'abcdefgh'[n % 8]}/{n:07d}" for n in range(20_000)]
    scores = [float(n * 7919 % 1000) for n in range(len(ids))]
    most = 0

    def read() -> Iterator[pa.Table]:
        nonlocal most
        for start in range(0, len(ids), 1000):
            rows = slice(start, start + 1000)
            yield pa.table({"image_id": ids[rows], "score": scores[rows]})
            most = max(most, pa.total_allocated_bytes())

    before = pa.total_allocated_bytes()
    whole = pa.concat_tables(read())
    assert whole.nbytes > 400_000
    del whole
    most = before
    pieces = diverse_tables(read, [Quota(3, video), MinGap(50, video, frame)], 20)
    assert sum(map(len, pieces)) == 24
    assert most - before < 4 << 20
