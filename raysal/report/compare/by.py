"""What a learning curve is reduced to before it is compared."""

from __future__ import annotations

from enum import StrEnum


class CompareBy(StrEnum):
    """The number that is compared."""

    auc = "auc"
    """Area under the curve, divided by its range of costs: a mean mIoU."""
    final = "final"
    """mIoU at the largest cost that all runs of a seed have."""
