"""Rows of the attention matrix, and the worst wrong pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from raysal.models.pam import probability_attention
from raysal.report.show.attention import APART, attention_row, cell_of, worst_pixels


def test_rows_of_the_attention_matrix() -> None:
    random = torch.Generator().manual_seed(0)
    probs_Chw = torch.rand(5, 4, 6, generator=random).softmax(0)
    flat = probs_Chw.flatten(1).numpy().astype(np.float64)
    logits = flat.T @ flat
    dense = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for row, col in ((0, 0), (2, 5), (3, 1)):
        found = attention_row(probs_Chw, (row, col))
        assert found == pytest.approx(dense[row * 6 + col].reshape(4, 6), rel=1e-5)
        # What the network itself adds up with these weights.
        added = (probs_Chw * torch.from_numpy(found)).sum((1, 2))
        of_network = probability_attention(probs_Chw.unsqueeze(0))[0, :, row, col]
        assert added.numpy() == pytest.approx(of_network.numpy(), rel=1e-4)


def test_cells_have_corners_on_the_corners_of_the_image() -> None:
    size, grid = (48, 64), (8, 11)
    assert cell_of((0, 0), size, grid) == (0, 0)
    assert cell_of((47, 63), size, grid) == (7, 10)
    assert cell_of((24, 32), size, grid) == (4, 5)
    assert cell_of((0, 0), (1, 1), (1, 1)) == (0, 0)


def test_worst_pixels_are_the_largest_losses_apart() -> None:
    loss = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    wrong = np.random.default_rng(1).random((40, 50)) < 0.3
    found = worst_pixels(loss, wrong)
    apart = APART * np.hypot(40, 50)
    left = [(float(loss[place]), place) for place in zip(*np.nonzero(wrong), strict=True)]
    expected: list[tuple[int, int]] = []
    for _, (row, col) in sorted(left, key=lambda pair: (-pair[0], pair[1])):
        if all((row - r) ** 2 + (col - c) ** 2 >= apart**2 for r, c in expected):
            expected.append((int(row), int(col)))
    assert found == tuple(expected[:3])


def test_ties_and_few_wrong_pixels() -> None:
    loss = np.ones((40, 50), np.float32)
    assert worst_pixels(loss, np.ones((40, 50), bool))[0] == (0, 0)
    wrong = np.zeros((40, 50), bool)
    assert worst_pixels(loss, wrong) == ()
    wrong[7, 8] = wrong[7, 9] = True  # Too near for two.
    assert worst_pixels(loss, wrong) == ((7, 8),)
    loss[7, 8] = np.nan  # Of a pixel whose truth is unknown; it is never wrong.
    wrong[7, 8] = False
    assert worst_pixels(loss, wrong) == ((7, 9),)
