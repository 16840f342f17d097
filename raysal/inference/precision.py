"""Number formats of a forward pass, as settings name them; torch is not needed to read them."""

from __future__ import annotations

from typing import Literal

Precision = Literal["auto", "fp32", "bf16"]
