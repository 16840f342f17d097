"""Metrics compared with torchmetrics, and their invariants."""

from __future__ import annotations

import pytest
import torch
from torchmetrics.functional.classification import (
    multiclass_confusion_matrix,
    multiclass_jaccard_index,
)

from raysal.inference.metrics import (
    class_counts,
    confusion_matrix,
    iou,
    mean_iou,
    pixel_accuracy,
)
from raysal.training.losses import IGNORE
from raysal.training.schedule import poly_lr


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classes", [2, 11])
def test_agrees_with_torchmetrics(seed: int, classes: int) -> None:
    """With ignored pixels, and with classes that are absent from target, prediction, or both."""
    torch.manual_seed(seed)
    present = max(2, classes - seed)
    target = torch.randint(0, present, (3, 16, 20))
    prediction = torch.where(torch.rand(3, 16, 20) < 0.6, target, (target + 1) % present)
    target[torch.rand(3, 16, 20) < 0.1] = IGNORE
    ours = confusion_matrix(prediction, target.to(torch.uint8), classes)
    theirs = multiclass_confusion_matrix(prediction, target, classes, ignore_index=IGNORE)
    assert torch.equal(ours, theirs)
    reference = multiclass_jaccard_index(
        prediction, target, classes, average="macro", ignore_index=IGNORE
    )
    assert mean_iou(ours) == pytest.approx(float(reference), abs=1e-6)
    each = multiclass_jaccard_index(
        prediction, target, classes, average="none", ignore_index=IGNORE
    )
    for value, reference in zip(iou(ours), each, strict=True):
        assert (0.0 if value is None else value) == pytest.approx(float(reference), abs=1e-6)
    assert [value is None for value in iou(ours)] == [c >= present for c in range(classes)]


def test_sums_over_images() -> None:
    prediction, target = torch.randint(0, 4, (2, 5, 8, 8))
    parts = sum(confusion_matrix(p, t, 4) for p, t in zip(prediction, target, strict=True))
    assert torch.equal(parts, confusion_matrix(prediction, target, 4))
    assert pixel_accuracy(parts) == pytest.approx((prediction == target).float().mean().item())


def test_class_counts_drop_the_unknown() -> None:
    label = torch.tensor([[0, 2], [IGNORE, 2]], dtype=torch.uint8)
    assert class_counts(label, 4).tolist() == [1, 0, 2, 0]
    assert class_counts(torch.full((2, 2), IGNORE, dtype=torch.uint8), 2).tolist() == [0, 0]


def test_the_learning_rate_falls_to_almost_nothing() -> None:
    rates = [poly_lr(0.1, iteration, 50) for iteration in range(50)]
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.01
