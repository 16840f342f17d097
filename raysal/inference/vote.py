"""Measures of disagreement between dropout passes, as settings name them; importable without
torch. `raysal.inference.votes` computes them."""

from __future__ import annotations

from typing import Literal

Vote = Literal["hard", "soft", "variation", "bald"]
