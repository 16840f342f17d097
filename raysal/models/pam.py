"""Probability attention module (DEAL, Eq. 2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

# The released code skips the attention below this value of gamma.
BYPASS_BELOW = -0.01
# The fused kernels need a number of classes that is a multiple of this.
FUSED_MULTIPLE = 8


def probability_attention(probs_BCHW: Tensor) -> Tensor:
    """Σ_i A_ji P_i with A = row-softmax over i of P_jᵀP_i (the sum in DEAL, Eq. 2).

    Scaled-dot-product attention with query = key = value = P and scale 1, through the fused
    kernel, so that the (H·W) x (H·W) matrix is never materialised.

    Args:
        probs_BCHW: class probabilities on the attention grid.

    Returns:
        Tensor of the same shape.
    """
    B, C, H, W = probs_BCHW.shape
    tokens_B1KC = probs_BCHW.flatten(2).transpose(1, 2).unsqueeze(1)
    # Zero padding of the class axis changes no product; without it GPUs build the dense matrix.
    tokens_B1KC = F.pad(tokens_B1KC, (0, -C % FUSED_MULTIPLE))
    out_B1KC = F.scaled_dot_product_attention(tokens_B1KC, tokens_B1KC, tokens_B1KC, scale=1.0)
    return out_B1KC[:, 0, :, :C].transpose(1, 2).reshape(B, C, H, W)


class ProbabilityAttention(nn.Module):
    """Q = γ·(attention over P) + P (DEAL, Eq. 2); the scalar γ starts at 0.

    Args:
        bypass_negative: skip the attention while γ < -0.01, as the released code does.
    """

    attention: Callable[[Tensor], Tensor] = staticmethod(probability_attention)
    """The sum in Eq. 2; in inference another way of computing it may be set."""

    def __init__(self, bypass_negative: bool = False) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))
        self.bypass_negative = bypass_negative

    def forward(self, probs_BCHW: Tensor) -> Tensor:
        """Q, of the same shape as P (`probs_BCHW`)."""
        if self.bypass_negative:
            gamma = self.gamma.where(self.gamma >= BYPASS_BELOW, torch.zeros_like(self.gamma))
        else:
            gamma = self.gamma
        return gamma * self.attention(probs_BCHW) + probs_BCHW
