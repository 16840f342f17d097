"""Confusion matrix, IoU and accuracy."""

from __future__ import annotations

import torch
from torch import Tensor

from raysal.data.decode import IGNORE


def confusion_matrix(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
    """(C, C) int64 counts of pixels, rows ground truth, columns prediction; ignored ones dropped.

    Args:
        prediction: class ids of any shape.
        target: class ids of the same shape, 255 ignored.
    """
    known = target != IGNORE
    pairs = target[known].long() * classes + prediction[known].long()
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def iou(confusion_CC: Tensor) -> list[float | None]:
    """TP / (TP + FP + FN) per class; None for a class in neither ground truth nor prediction."""
    counts_CC = confusion_CC.double()
    hit_C = counts_CC.diagonal()
    union_C = counts_CC.sum(0) + counts_CC.sum(1) - hit_C
    return [
        float(hit / union) if union > 0 else None for hit, union in zip(hit_C, union_C, strict=True)
    ]


def mean_iou(confusion_CC: Tensor) -> float | None:
    """Mean over the classes with a defined IoU; None, never 0, if there is none. In [0, 1]."""
    defined = [value for value in iou(confusion_CC) if value is not None]
    return sum(defined) / len(defined) if defined else None


def pixel_accuracy(confusion_CC: Tensor) -> float | None:
    """Share of known pixels that are classified correctly; None without known pixels."""
    total = int(confusion_CC.sum())
    return float(confusion_CC.diagonal().sum()) / total if total else None


PART = 1 << 24


def class_counts(label: Tensor, classes: int) -> Tensor:
    """(C,) int64 number of pixels of each class; ignored ones dropped."""
    parts = label.flatten().split(PART)  # The numbers that are counted take 8 bytes each.
    return sum(
        (torch.bincount(part[part != IGNORE].long(), minlength=classes) for part in parts[1:]),
        torch.bincount(parts[0][parts[0] != IGNORE].long(), minlength=classes),
    )
