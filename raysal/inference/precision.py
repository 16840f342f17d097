"""Precision of a forward pass, as settings name it; importable without torch."""

from __future__ import annotations

from typing import Literal

Precision = Literal["auto", "fp32", "bf16"]
