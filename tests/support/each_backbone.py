"""All backbones, as parameters of tests; those that are only deeper than another one are slow."""

from __future__ import annotations

import pytest

from raysal.models.backbones import BACKBONES

DEEP = ("drn_d_38", "drn_d_54", "resnet50")


def marked(name: str, *more: object) -> object:
    """The parameters of a test of this backbone."""
    marks = [pytest.mark.slow] if name.endswith(DEEP) else []
    return pytest.param(name, *more, marks=marks)


EACH = [marked(name) for name in BACKBONES]
STRIDES = [marked(name, stride) for name, each in BACKBONES.items() for stride in each.strides]
