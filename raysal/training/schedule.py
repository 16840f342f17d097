"""Learning rate over the iterations of one training."""

from __future__ import annotations

from raysal.training.config import OptimConfig


def poly_lr(lr: float, iteration: int, iterations: int, power: float = 0.9) -> float:
    """lr·(1 - it/T)^power (DEAL, section 4.1), `iteration` counted from 0."""
    assert 0 <= iteration < iterations, (iteration, iterations)
    return float(lr * (1 - iteration / iterations) ** power)


def scheduled_lr(lr: float, iteration: int, iterations: int, config: OptimConfig) -> float:
    """Learning rate of one iteration under the configured schedule."""
    if config.schedule == "poly":
        return poly_lr(lr, iteration, iterations, config.poly_power)
    return lr if iteration < config.step_at * iterations else lr * config.step_factor
