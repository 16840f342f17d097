"""Settings of label noise (the `noise` section)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from raysal.config.settings import Frozen


class NoiseConfig(Frozen):
    """Mistakes of a simulated annotator (the `noise` section): a quarter symmetric, half missing,
    a quarter asymmetric."""

    rate: float = Field(ge=0, le=1)
    """Share of wrong labels (CPRAL: 0.2, 0.4, 0.6)."""
    unit: Literal["pixel", "segment", "region"] = "pixel"
    """Extent of a mistake: a pixel, a connected component of one class, or a square tile. The paper
    does not state it."""
    symmetric: Literal["mirror", "literal"] = "mirror"
    """With n classes, c becomes n-1-c (`mirror`) or, as in the paper, n-c (`literal`), where 0
    becomes n, which is not a class and therefore unknown. The middle class, (n-1)/2 or n/2,
    stays."""
    region: PositiveInt = Field(default=64, le=16_384)
    """Side in pixels of the tiles of unit `region`."""
