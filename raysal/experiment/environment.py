"""`environment.json`: versions and hardware that a run started with."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

import raysal

PACKAGES = ("torch", "torchvision", "ray", "pyarrow", "numpy", "pillow", "pydantic")


def environment() -> dict[str, object]:
    """The content of `environment.json`."""
    return {
        "version": 1,
        "raysal": raysal.__version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        **{name: _version(name) for name in PACKAGES},
    }


def is_environment(file: Path) -> bool:
    """Whether a file is an `environment.json` that raysal wrote."""
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, FileNotFoundError):  # Not JSON, not text, or not there.
        return False
    return isinstance(value, dict) and "raysal" in value


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
