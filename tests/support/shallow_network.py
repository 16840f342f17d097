"""A network for tests of what is around it: a training step takes a sixth of MobileNetV2's time.

It is known only in the tests' own process and in the forks of `drivers.py`. What other processes
do, those of Ray among them, is tested with `MOBILENET`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from raysal.models.backbones import BACKBONES, Backbone
from raysal.models.config import ModelConfig
from raysal.models.networks import DEEPLAB, NETWORKS

SHALLOW: dict[str, Any] = {"name": "shallow", "weights": "none"}
WIDE: dict[str, Any] = {"name": "shallow_and_wide", "weights": "none"}
"""With all channels behind the encoder, for what a narrow network does not learn in a few steps."""
MOBILENET: dict[str, Any] = {"name": ModelConfig().name, "weights": "none"}


def know_shallow() -> None:
    """Add the backbone of `tests/additions`, with few channels behind it, to those known."""
    encoder = Backbone("tests.additions.shallow:ShallowEncoder", (16,), "own")
    BACKBONES["shallow"] = BACKBONES["shallow_and_wide"] = encoder
    NETWORKS["shallow_and_wide"] = DEEPLAB
    NETWORKS["shallow"] = replace(DEEPLAB, network="tests.support.narrow_deeplab:NarrowDeepLab")
