"""What prepares the layers."""

from __future__ import annotations

from pathlib import Path

from raysal.annotate.tool.layers import NoPreparation, Preparing


def preparation(cache: Path, workers: int) -> Preparing:
    """Worker processes, or nothing if there are to be none."""
    return NoPreparation()
