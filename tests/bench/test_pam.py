"""All ways to compute probability attention are timed on the same maps, and compared."""

from __future__ import annotations

import pytest
import torch

from raysal.bench import pam
from raysal.models.linear_attention import linear_attention
from raysal.progress import Silent


def test_all_ways_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pam, "at_inference", lambda classes, device: linear_attention)
    result = pam.bench([(6, 8, 3), (4, 4, 5)], 2, 1, Silent())
    assert not result.wrong
    assert result.figure("dense matrix", "6x8, 3 classes").value == pytest.approx(
        2 * 48 * 48 * 4 / 2**20
    )
    for of in ("6x8, 3 classes", "4x4, 5 classes"):
        assert result.figure("dense", of).ratio is None
        for way in ("training", "inference"):
            figure = result.figure(way, of)
            assert figure.to == "dense"
            assert figure.ratio == pytest.approx(figure.value / result.figure("dense", of).value)


def test_another_attention_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pam, "at_inference", lambda classes, device: torch.zeros_like)
    assert "differ" in pam.bench([(4, 4, 3)], 1, 1, Silent()).wrong
