"""Class-balanced random selection: which images are drawn, and how often."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.strategies.balanced_random import BalancedRandom
from raysal.errors import StrategyError
from raysal.inference.predict import Prediction

# Images that are of one class throughout: 30 of class 0, 9 of class 1, one of class 2.
KINDS = [0] * 30 + [1] * 9 + [2]
IDS = tuple(f"image-{index:02d}" for index in range(len(KINDS)))


def drawn(kinds: Tensor, pixels: tuple[int, ...] | None, seed: int) -> Tensor:
    """Images in the order in which they are drawn; `kinds` are classes (B, H, W)."""
    probs = torch.nn.functional.one_hot(kinds, 4).permute(0, 3, 1, 2).float()
    prediction = Prediction(probs, None)
    batch = PoolBatch(IDS[: len(kinds)], seed, 0, prediction, class_pixels_C=pixels)
    return BalancedRandom()(batch).argsort(descending=True)


def test_every_class_is_drawn_equally_often() -> None:
    kinds = torch.tensor(KINDS)[:, None, None].expand(-1, 2, 2)
    firsts = Counter(KINDS[int(drawn(kinds, (300, 90, 10, 0), seed)[0])] for seed in range(900))
    assert [firsts[c] for c in range(3)] == pytest.approx([300] * 3, abs=50)


def test_within_a_class_images_are_drawn_by_their_pixels_without_replacement() -> None:
    kinds = torch.zeros(4, 1, 4, dtype=torch.long)  # Class 1 in 0, 1, 1 and 2 of 4 pixels.
    kinds[1, 0, 0] = kinds[2, 0, 3] = kinds[3, 0, 1] = kinds[3, 0, 2] = 1
    firsts = Counter(int(drawn(kinds, (3, 1, 0, 0), seed)[0]) for seed in range(1200))
    # Weights: 4/3, 1 + 1, 1 + 1, 2/3 + 2.
    expected = [1200 * w / 8 for w in (4 / 3, 2, 2, 8 / 3)]
    assert [firsts[i] for i in range(4)] == pytest.approx(expected, abs=60)
    assert sorted(drawn(kinds, (3, 1, 0, 0), 0).tolist()) == [0, 1, 2, 3]


def test_a_class_without_labels_counts_as_rare() -> None:
    kinds = torch.zeros(20, 1, 10, dtype=torch.long)
    kinds[13, 0, 4] = 3
    firsts = Counter(int(drawn(kinds, (50, 50, 50, 0), seed)[0]) for seed in range(50))
    assert firsts[13] > 30
    assert len(firsts) > 1


def test_unknown_classes_of_labels_are_named() -> None:
    kinds = torch.zeros(2, 1, 1, dtype=torch.long)
    with pytest.raises(StrategyError, match="balanced_random' reads class_pixels, which this"):
        drawn(kinds, None, 0)
