"""A network for tests of what is around it: a run with it takes half of the time.

It is known only in the tests' own process and in the forks of `drivers.py`. What other processes
do, those of Ray among them, is tested with `MOBILENET`.
"""

from __future__ import annotations

from typing import Any

from raysal.models.backbones import BACKBONES, Backbone
from raysal.models.config import ModelConfig
from raysal.models.networks import DEEPLAB, NETWORKS

SHALLOW: dict[str, Any] = {"name": "shallow", "weights": "none"}
MOBILENET: dict[str, Any] = {"name": ModelConfig().name, "weights": "none"}


def know_shallow() -> None:
    """Add the backbone of `tests/additions` to those that can be chosen."""
    BACKBONES["shallow"] = Backbone("tests.additions.shallow:ShallowEncoder", (16,), "own")
    NETWORKS["shallow"] = DEEPLAB
