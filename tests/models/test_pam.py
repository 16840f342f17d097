"""The fused attention, compared with the dense matrix."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from raysal.models.pam import ProbabilityAttention, probability_attention


def dense(P_BCHW: Tensor) -> Tensor:
    """Σ_i A_ji P_i, computed with the K x K matrix."""
    P_BCK = P_BCHW.flatten(2)
    A_BKK = torch.einsum("bcj,bci->bji", P_BCK, P_BCK).softmax(2)
    return torch.einsum("bji,bci->bcj", A_BKK, P_BCK).reshape(P_BCHW.shape)


@pytest.mark.parametrize("shape", [(2, 11, 5, 8), (1, 3, 1, 1), (1, 19, 12, 16)])
def test_fused_attention_is_the_dense_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    fused = (3 * torch.randn(shape)).softmax(1).requires_grad_()
    reference = fused.detach().double().requires_grad_()
    weight = torch.randn(shape)
    out, want = probability_attention(fused), dense(reference)
    (out * weight).sum().backward()
    (want * weight.double()).sum().backward()
    torch.testing.assert_close(out.double(), want, rtol=0, atol=2e-6)
    torch.testing.assert_close(fused.grad.double(), reference.grad, rtol=1e-4, atol=1e-5)


def test_gamma_learns_from_zero() -> None:
    module = ProbabilityAttention()
    probs = torch.randn(1, 4, 3, 3).softmax(1)
    out = module(probs)
    assert torch.equal(out, probs)
    out.square().sum().backward()
    assert module.gamma.grad.abs() > 0
