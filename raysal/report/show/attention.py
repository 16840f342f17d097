"""What single pixels attend to in the probability attention module (DEAL, Eq. 2 and Fig. 7)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from raysal.report.show.panel import AbsentError
from raysal.report.show.view import View
from raysal.report.show.wanted import Pixel

WORST = 3
# Of the image's diagonal: worst pixels are that far apart, so that they are of different mistakes.
APART = 0.15


@torch.inference_mode()
def attended(view: View) -> Tensor:
    """float32 (C, h, w): P, the class probabilities that the attention compares, on its grid.

    Raises:
        AbsentError: the model has no difficulty branch, or one without attention.
    """
    assert view.difficulty is not None  # Raises if there is no branch.
    branch = view.loaded.model.difficulty
    assert branch is not None
    if branch.pam is None:
        raise AbsentError(
            f"{view.model.label} was trained without PAM (model.difficulty.pam=false)"
        )
    seen: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0][0].float().cpu())

    handle = branch.pam.register_forward_pre_hook(keep)
    try:
        view.predict_again()
    finally:
        handle.remove()
    return seen[0]


def gamma(view: View) -> float:
    """γ, the weight of the attention in the branch's input (Eq. 2)."""
    branch = view.loaded.model.difficulty
    assert branch is not None
    assert branch.pam is not None
    return branch.pam.gamma.item()


def attention_row(probs_Chw: Tensor, cell: tuple[int, int]) -> np.ndarray:
    """float32 (h, w): A_ji of the cell j over all cells i, a softmax of P_jᵀP_i; the sum is 1.

    Args:
        probs_Chw: from `attended`.
        cell: row and column of j.
    """
    flat_CK = probs_Chw.flatten(1)
    own_C = probs_Chw[:, cell[0], cell[1]]
    row_hw: np.ndarray = (own_C @ flat_CK).softmax(0).view(probs_Chw.shape[1:]).numpy()
    return row_hw


def cell_of(pixel: Pixel, size: tuple[int, int], grid: tuple[int, int]) -> tuple[int, int]:
    """The cell of a grid that lies on a pixel; corners lie on corners, as everywhere."""
    row, col = (
        round(place * (cells - 1) / max(1, pixels - 1))
        for place, pixels, cells in zip(pixel, size, grid, strict=True)
    )
    return row, col


def worst_pixels(
    loss_HW: np.ndarray, wrong_HW: np.ndarray, count: int = WORST
) -> tuple[Pixel, ...]:
    """The wrong pixels with the largest loss, apart from one another; ties in row-major order.

    Args:
        loss_HW: cross-entropy.
        wrong_HW: bool, the pixels to choose from.
    """
    left_HW = np.where(wrong_HW, loss_HW, -np.inf)
    rows, cols = np.indices(left_HW.shape)
    apart = APART * math.hypot(*left_HW.shape)
    found: list[Pixel] = []
    while len(found) < count and np.isfinite(left_HW).any():
        row, col = (int(place) for place in np.unravel_index(left_HW.argmax(), left_HW.shape))
        found.append((row, col))
        left_HW[(rows - row) ** 2 + (cols - col) ** 2 < apart**2] = -np.inf
    return tuple(found)
