"""Paths of this repository and, if they exist, of real data and weights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
DATA = Path(os.environ.get("RAYSAL_DATA", SHARED / "data"))
WEIGHTS = Path(os.environ.get("RAYSAL_WEIGHTS", SHARED / "weights" / "mobilenet_v2_imagenet.pth"))


def real_data(folder: str) -> Path:
    """The root of a real data set; without it the test is skipped."""
    root = DATA / folder
    if not root.is_dir():
        pytest.skip(f"no {root}; set RAYSAL_DATA to the folder that holds {folder}/")
    return root


def real_weights() -> Path:
    """torchvision's MobileNetV2 trained on ImageNet; without it the test is skipped."""
    if not WEIGHTS.is_file():
        pytest.skip(f"no ImageNet weights at {WEIGHTS}; set RAYSAL_WEIGHTS")
    return WEIGHTS
