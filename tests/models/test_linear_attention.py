"""Attention in linear time, compared with the dense matrix in float64."""

from __future__ import annotations

import pytest
import torch

from raysal.models.linear_attention import MOST_CLASSES, linear_attention
from tests.models.test_pam import dense


@pytest.mark.parametrize("spread", [0.1, 3.0, 40.0])
@pytest.mark.parametrize("shape", [(2, 11, 5, 8), (1, 2, 3, 3), (1, 19, 6, 7), (2, 4, 1, 1)])
def test_within_the_stated_bound(shape: tuple[int, ...], spread: float) -> None:
    """From nearly uniform probabilities to those of a network that is sure of itself."""
    torch.manual_seed(0)
    probs = (spread * torch.randn(shape)).softmax(1)
    out = linear_attention(probs)
    torch.testing.assert_close(out.double(), dense(probs.double()), rtol=0, atol=2e-4)


def test_the_worst_case_is_within_the_bound() -> None:
    """Each position sure of one class: weights e and 1, the ends of the exponential's range."""
    probs = torch.eye(MOST_CLASSES).T.reshape(1, MOST_CLASSES, 4, -1)
    out = linear_attention(probs)
    torch.testing.assert_close(out.double(), dense(probs.double()), rtol=0, atol=2e-4)


def test_the_result_is_a_distribution_and_no_image_reads_another() -> None:
    torch.manual_seed(1)
    probs = (5 * torch.randn(3, 6, 4, 5)).softmax(1)
    out = linear_attention(probs)
    torch.testing.assert_close(out.sum(1), torch.ones(3, 4, 5))
    for index in range(3):
        assert torch.equal(linear_attention(probs[index : index + 1])[0], out[index])


def test_values_that_are_not_finite_stay_visible() -> None:
    probs = torch.full((1, 3, 2, 2), torch.nan)
    assert linear_attention(probs).isnan().all()
