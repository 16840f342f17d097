"""Entropy of the labelled pixels over the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_entropy(counts: Sequence[int]) -> float:
    """Entropy in nats of the pixels per class (DEAL, section 4.4); 0 without pixels."""
    counts_C = np.asarray(counts, np.float64)
    counts_C = counts_C[counts_C > 0]
    share_C = counts_C / counts_C.sum()
    return float((share_C * np.log(1 / share_C)).sum())
