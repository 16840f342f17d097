"""Colours for classes that have none."""

from __future__ import annotations

import colorsys


def hues(count: int) -> tuple[tuple[int, int, int], ...]:
    """Evenly spread hues, of alternating brightness."""
    return tuple(
        (round(r * 255), round(g * 255), round(b * 255))
        for r, g, b in (
            colorsys.hsv_to_rgb(i / count, 0.75, 0.9 - 0.3 * (i % 2)) for i in range(count)
        )
    )
