"""The first images: cases worked by hand; nothing depends on the order of the pool."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest

from raysal.acquisition.selection.cold_start import Start, first_images
from raysal.errors import DataError
from tests.acquisition.selection.test_typical import A, B, C, on_circle

ANGLES = (*A, *B, *C)
# Their alphabetical order is not that of the vectors.
IDS = [f"{'xya'[(k > 8) + (k > 15)]}/{k:02d}" for k in range(21)]
# Of different lengths: only directions count.
VECTORS = on_circle(*ANGLES) * np.linspace(1, 5, 21, dtype=np.float32)[:, None]
STARTS: tuple[Start, ...] = ("coverage", "typical")


def ids(start: Start, count: int, known: Collection[str] = (), seed: int = 0) -> list[str]:
    return [p.image_id for p in first_images(start, IDS, VECTORS, known, count, seed)]


def test_typical() -> None:
    assert ids("typical", 3) == ["x/02", "y/10", "a/18"]
    assert ids("typical", 1, known=["x/06", "y/12"]) == ["a/18"]


def test_coverage() -> None:
    """The farthest from 0 degrees are 127 degrees. The next are 243 and 244, which are 116 degrees
    away from the nearer of the two; of two that are equally far, the first id is chosen."""
    picks = first_images("coverage", IDS, VECTORS, ["x/00"], 2, 0)
    assert [pick.image_id for pick in picks] == ["y/13", "a/18"]
    degrees = np.array([127, 116])
    assert [p.score for p in picks] == pytest.approx(1 - np.cos(np.deg2rad(degrees)), abs=1e-5)


def test_coverage_begins_by_lot() -> None:
    firsts = {ids("coverage", 1, seed=seed)[0] for seed in range(8)}
    assert len(firsts) > 2
    first, second, *_ = first_images("coverage", IDS, VECTORS, (), 3, 0)
    assert first.score == 2.0 >= second.score


@pytest.mark.parametrize("start", STARTS)
def test_neither_order_nor_repetition_matters(start: Start) -> None:
    rng = np.random.default_rng(0)
    names = [f"image-{k}" for k in range(120)]
    vectors = rng.normal(size=(120, 6)).astype(np.float32)
    known = names[:5]
    expected = first_images(start, names, vectors, known, 15, 1)
    assert len({pick.image_id for pick in expected} - set(known)) == 15
    order = rng.permutation(np.concatenate([np.arange(120), np.arange(30)]))
    shuffled = [names[k] for k in order]
    assert first_images(start, shuffled, vectors[order], set(known), 15, 1) == expected


@pytest.mark.parametrize("start", STARTS)
def test_few_images(start: Start) -> None:
    assert sorted(ids(start, 100)) == sorted(IDS)
    assert sorted(ids(start, 100, known=IDS[:4])) == sorted(IDS[4:])
    assert ids(start, 5, known=IDS) == ids(start, 0) == []
    assert first_images(start, [], np.empty((0, 0), np.float32), (), 3, 0) == []
    zeros = first_images(start, ["b", "a"], np.zeros((2, 4), np.float32), (), 2, 0)
    assert sorted(pick.image_id for pick in zeros) == ["a", "b"]


@pytest.mark.parametrize("start", STARTS)
def test_a_feature_that_is_no_number(start: Start) -> None:
    broken = VECTORS.copy()
    broken[3, 1] = np.nan
    with pytest.raises(DataError, match="features of 'x/03' are not finite numbers; use other"):
        first_images(start, IDS, broken, (), 3, 0)
