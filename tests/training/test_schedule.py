"""Schedules of the learning rate."""

from __future__ import annotations

import pytest

from raysal.training.config import OptimConfig
from raysal.training.schedule import poly_lr, scheduled_lr


def rates(iterations: int, **config: object) -> list[float]:
    optim = OptimConfig.model_validate(config)
    return [scheduled_lr(0.5, i, iterations, optim) for i in range(iterations)]


def test_the_polynomial_is_the_default() -> None:
    assert rates(20) == [poly_lr(0.5, i, 20) for i in range(20)]
    linear = rates(20, poly_power=1)
    assert linear == pytest.approx([0.5 * (1 - i / 20) for i in range(20)])


@pytest.mark.parametrize("per_epoch", [1, 2, 3, 7, 13, 50, 744, 1001])
def test_the_step_is_at_epoch_35_of_50(per_epoch: int) -> None:
    step = rates(50 * per_epoch, schedule="step")
    assert step[: 35 * per_epoch] == [0.5] * 35 * per_epoch
    assert step[35 * per_epoch :] == pytest.approx([0.05] * 15 * per_epoch)


def test_the_step_can_be_moved() -> None:
    assert rates(8, schedule="step", step_at=0.25, step_factor=0.5) == [0.5] * 2 + [0.25] * 6
    assert rates(5, schedule="step", step_at=1) == [0.5] * 5
