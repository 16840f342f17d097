"""How many images a worker scores at a time."""

from __future__ import annotations

import pytest
import torch

from raysal.engine.workers.registry import score_batch

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("size", "batch"),
    [((480, 360), 4), ((120, 160), 4), ((96, 128), 8), ((48, 64), 32), ((8, 8), 32)],
)
def test_small_images_go_together_in_more(size: tuple[int, int], batch: int) -> None:
    assert score_batch("auto", CPU, size) == batch
    assert score_batch(3, CPU, size) == 3
