"""Where real data lie, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(
    os.environ.get("RAYSAL_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data")
)


def real_data(folder: str) -> str:
    """The root of a real data set; without it the test is skipped."""
    root = DATA / folder
    if not root.is_dir():
        pytest.skip(f"no {root}; set RAYSAL_DATA to the folder that holds {folder}/")
    return str(root)
