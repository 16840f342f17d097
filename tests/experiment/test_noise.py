"""Noisy annotators: number, kinds and units of mistakes, and that they are reproducible."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysal.config.load import validate
from raysal.config.settings import Frozen
from raysal.data.decode import IGNORE
from raysal.errors import ConfigError
from raysal.experiment.noise import noise_counts, noisy_label
from raysal.experiment.noise_config import NoiseConfig
from tests.support.worked_cases import Case, all_cases

UNITS = ("pixel", "segment", "region")
CLASSES = 6
steady = settings(deadline=None, derandomize=True)


def scene(void: bool = True) -> np.ndarray:
    """Patches of 3x5 pixels of random classes, on 42 x 70 pixels."""
    patches = np.random.default_rng(0).integers(0, CLASSES, (14, 14))
    label = np.kron(patches, np.ones((3, 5))).astype(np.uint8)
    if void:
        label[20:24, 7:40] = IGNORE
    return label


def noisy(label: np.ndarray, rate: float, classes: int = CLASSES, **options: Any) -> np.ndarray:
    return noisy_label(label, classes, NoiseConfig(rate=rate, **options), 3, "town/1")


@pytest.mark.parametrize(
    "case", [c for c in all_cases() if c.group == "NOISE"], ids=lambda case: case.id
)
def test_worked_case(case: Case) -> None:
    counts = noise_counts(case.inputs["pixels"], case.inputs["rate"])
    case.check(dict(zip(("symmetric", "missing", "asymmetric"), counts, strict=True)))


@pytest.mark.parametrize(
    ("units", "rate", "counts"),
    [
        (10000, 0.4, (1000, 2000, 1000)),
        (10000, 0.0, (0, 0, 0)),
        (0, 0.6, (0, 0, 0)),
        (1, 0.49, (0, 0, 0)),
        (1, 0.5, (0, 1, 0)),
        (2, 1.0, (1, 1, 0)),
        (3, 1.0, (1, 1, 1)),
        (5, 0.5, (1, 1, 1)),
        (5, 1.0, (1, 3, 1)),
    ],
)
def test_counts(units: int, rate: float, counts: tuple[int, int, int]) -> None:
    assert noise_counts(units, rate) == counts


@steady
@given(units=st.integers(0, 10**6), rate=st.floats(0, 1))
def test_the_counts_are_near_their_shares(units: int, rate: float) -> None:
    counts = noise_counts(units, rate)
    wrong = sum(counts)
    assert wrong == math.floor(rate * units + 0.5) <= units
    shares = (wrong / 4, wrong / 2, wrong / 4)
    assert all(abs(count - share) < 1 for count, share in zip(counts, shares, strict=True))


def test_pixels_of_each_kind_match_the_counts() -> None:
    label = np.zeros((101, 100), np.uint8)
    label[50] = IGNORE
    mirrored, literal = (noisy(label, 0.4, symmetric=how) for how in ("mirror", "literal"))
    known = label != IGNORE
    assert (mirrored != label).sum() == 4000
    assert (mirrored[known] == IGNORE).sum() == 2000
    # Class 0 becomes n, which is unknown.
    assert (literal[known] == IGNORE).sum() == 1000 + 2000


@pytest.mark.parametrize("symmetric", ["mirror", "literal"])
def test_pixels(symmetric: str) -> None:
    """With a rate of 1: which class each class becomes, and how often."""
    classes, size = 5, 40_000
    for truth in range(classes):
        label = np.full((200, 200), truth, np.uint8)
        counts = np.bincount(
            noisy(label, 1, classes, symmetric=symmetric).ravel(), minlength=IGNORE + 1
        )
        expected = np.zeros(IGNORE + 1)
        expected[IGNORE] = size / 2
        expected[[c for c in range(classes) if c != truth]] = size / 4 / (classes - 1)
        image = classes - 1 - truth if symmetric == "mirror" else classes - truth
        expected[image if image < classes else IGNORE] += size / 4
        assert counts[IGNORE] == expected[IGNORE]
        assert np.abs(counts - expected).max() < 250  # Five standard deviations of a share.
        assert (counts[expected == 0] == 0).all()


@pytest.mark.parametrize("unit", UNITS)
def test_mistakes_are_reproducible(unit: str) -> None:
    label, config = scene(), NoiseConfig(rate=0.4, unit=unit, region=8)
    before = label.copy()
    first = noisy_label(label, CLASSES, config, 3, "town/1")
    assert first.dtype == np.uint8
    assert np.array_equal(label, before)
    assert np.array_equal(first, noisy_label(label, CLASSES, config, 3, "town/1"))
    assert not np.array_equal(first, noisy_label(label, CLASSES, config, 3, "town/2"))
    assert not np.array_equal(first, noisy_label(label, CLASSES, config, 4, "town/1"))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("symmetric", ["mirror", "literal"])
def test_rates_of_0_and_1(unit: str, symmetric: str) -> None:
    label = scene()
    known = label != IGNORE
    options = {"unit": unit, "symmetric": symmetric, "region": 8}
    assert np.array_equal(noisy(label, 0, **options), label)
    wrong = noisy(label, 1, **options)
    assert (wrong[~known] == IGNORE).all()
    # With six classes, n-c leaves class 3 unchanged.
    right = (label == 3) & (symmetric == "literal")
    assert (wrong != label)[known & ~right].all()
    assert set(np.unique(wrong)) <= {*range(CLASSES), IGNORE}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("label", [np.full((4, 5), IGNORE, np.uint8), np.zeros((0, 5), np.uint8)])
def test_an_unknown_image(unit: str, label: np.ndarray) -> None:
    assert np.array_equal(noisy(label, 0.6, unit=unit), label)


@pytest.mark.parametrize("unit", UNITS)
def test_a_higher_rate_adds_mistakes(unit: str) -> None:
    label = scene()
    last = label
    for rate in (0.2, 0.4, 0.6, 1.0):
        more = noisy(label, rate, unit=unit, region=8)
        assert np.array_equal(more[last != label], last[last != label])
        assert (more != label).sum() > (last != label).sum()
        last = more


def test_segments() -> None:
    """On a chessboard each field is a segment: fields of one class touch at corners only."""
    fields = np.add.outer(np.arange(8), np.arange(8)) % 2
    label = np.kron(fields, np.ones((6, 6))).astype(np.uint8)
    given_RyCx = noisy(label, 0.5, 2, unit="segment").reshape(8, 6, 8, 6)
    given_FP = given_RyCx.swapaxes(1, 2).reshape(64, 36)
    assert (given_FP == given_FP[:, :1]).all()
    assert (given_FP[:, 0] != fields.ravel()).sum() == 32
    assert (given_FP[:, 0] == IGNORE).sum() == 16


def test_regions() -> None:
    """Tiles of 16 on 40 x 60 pixels: 3 x 4, clipped at the border, one of them unknown."""
    label = np.random.default_rng(1).integers(0, CLASSES, (40, 60)).astype(np.uint8)
    label[16:32, 32:48] = IGNORE
    label[0, 0] = IGNORE
    answer = noisy(label, 0.55, unit="region", region=16)
    kinds = []
    for row in range(0, 40, 16):
        for col in range(0, 60, 16):
            tile = (slice(row, row + 16), slice(col, col + 16))
            known = label[tile] != IGNORE
            true, said = label[tile][known], answer[tile][known]
            if not known.any():
                continue
            if (said == IGNORE).all():
                kinds.append("missing")
            elif np.array_equal(said, true):
                kinds.append("right")
            elif np.array_equal(said, CLASSES - 1 - true):
                kinds.append("symmetric")
            else:
                # Each class becomes one other class.
                assert all(len(set(said[true == c]) - {c}) == 1 for c in range(CLASSES))
                assert (said != true).all()
                kinds.append("asymmetric")
    assert [kinds.count(k) for k in ("right", "symmetric", "missing", "asymmetric")] == [5, 2, 3, 1]


def test_the_middle_class_is_its_own_mirror_image() -> None:
    label = np.ones((20, 20), np.uint8)
    assert (noisy(label, 1, 3) == 1).sum() == 100


@pytest.mark.parametrize("unit", UNITS)
def test_a_single_class_can_only_become_unknown(unit: str) -> None:
    label = np.zeros((20, 20), np.uint8)
    assert set(np.unique(noisy(label, 1, 1, unit=unit, region=4))) <= {0, IGNORE}


class Experiment(Frozen):
    """Settings with a `noise` section."""

    noise: NoiseConfig | None = None


@pytest.mark.parametrize(("noise", "message"), [
    ({"rate": 1.5}, "noise.rate: Input should be less than or equal to 1 (got 1.5)"),
    ({"rate": -0.1}, "noise.rate: Input should be greater than or equal to 0 (got -0.1)"),
    ({"rate": math.nan}, "noise.rate: Input should be a finite number (got nan)"),
    ({"rate": "much"}, "noise.rate: Input should be a valid number, unable to parse string as a "
     "number (got 'much')"),
    ({}, "noise.rate is missing"),
    ({"rate": 0.2, "unit": "pixels"}, "noise.unit: unknown 'pixels'; did you mean 'pixel'?"),
    ({"rate": 0.2, "region": 0}, "noise.region: Input should be greater than 0 (got 0)"),
])  # fmt: skip
def test_wrong_settings(noise: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        validate(Experiment, {"noise": noise}, "experiment.yaml")
    assert str(refused.value) == f"experiment.yaml: {message}"
