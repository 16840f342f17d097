"""The histogram of difficulty, compared with numpy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.maps import level_counts
from raysal.acquisition.strategies.difficulty import DifficultyEntropy
from raysal.inference.predict import Prediction

# Multiples of 1/1024 are exact in float32, as are the levels' edges for powers of two.
EXACT = st.lists(st.integers(0, 1024), min_size=1, max_size=60)


def counts(values: np.ndarray, levels: int, bins: str) -> list[int]:
    tensor = torch.from_numpy(values.astype(np.float32)).reshape(1, -1)
    return level_counts(tensor, levels, bins)[0].tolist()


@given(EXACT, st.sampled_from([1, 2, 4, 8, 16]))
def test_unit_levels_are_numpys_bins_of_the_unit_interval(numbers: list[int], levels: int) -> None:
    values = np.array(numbers) / 1024
    expected = np.histogram(values, levels, (0.0, 1.0))[0]
    assert counts(values, levels, "unit") == expected.tolist()


@given(st.lists(st.integers(0, 64), min_size=2, max_size=60), st.sampled_from([1, 2, 4, 8]))
def test_image_range_is_numpys_histogram_on_edges_too(numbers: list[int], levels: int) -> None:
    values = np.array([0, *numbers, 64]) / 128 + 0.25
    assert counts(values, levels, "image_range") == np.histogram(values, levels)[0].tolist()


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=60), st.integers(1, 12))
def test_image_range_is_numpys_histogram(numbers: list[float], levels: int) -> None:
    values = np.array(numbers)
    assume(np.ptp(values) > 1e-3)
    edges = np.histogram_bin_edges(values, levels)[1:-1]
    # Float32 cannot distinguish a value from an edge that is closer than its precision.
    assume(not edges.size or np.abs(values[:, None] - edges).min() > 1e-6)
    assert counts(values, levels, "image_range") == np.histogram(values, levels)[0].tolist()


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60), st.integers(1, 12))
@pytest.mark.parametrize("bins", ["unit", "image_range"])
def test_every_pixel_is_counted_once_and_entropy_is_bounded(
    bins: str, numbers: list[float], levels: int
) -> None:
    values = np.array(numbers)
    assert sum(counts(values, levels, bins)) == len(values)
    difficulty = torch.tensor(values, dtype=torch.float32).reshape(1, 1, -1)
    prediction = Prediction(torch.ones(1, 1, 1, len(values)), difficulty)
    score = DifficultyEntropy(levels=levels, bins=bins)(PoolBatch(("a",), 0, 0, prediction))
    assert 0 <= float(score) <= math.log(levels) + 1e-9


def test_images_of_a_batch_are_counted_apart() -> None:
    batch = torch.tensor([[0.1, 0.1, 0.9], [0.4, 0.6, 1.0]])
    assert level_counts(batch, 2, "unit").tolist() == [[2, 1], [1, 2]]
    assert level_counts(batch, 2, "image_range").tolist() == [[2, 1], [2, 1]]
