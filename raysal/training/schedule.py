"""Learning rate over the iterations of one training."""

from __future__ import annotations


def poly_lr(lr: float, iteration: int, iterations: int, power: float = 0.9) -> float:
    """lr·(1 - it/T)^power (DEAL, section 4.1), `iteration` counted from 0."""
    assert 0 <= iteration < iterations, (iteration, iterations)
    return float(lr * (1 - iteration / iterations) ** power)
