"""Panels of a figure: a picture, or a map of numbers with a colour bar."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from raysal.errors import RaysalError
from raysal.report.show.wanted import Box, Pixel


class AbsentError(RaysalError):
    """A panel that cannot be drawn, because the model or the image has no such thing."""


@dataclass(frozen=True)
class Panel:
    """What every panel has.

    Attributes:
        title: above it; may have several lines.
        boxes: outlined, (row, column, height, width).
        scores: written into the boxes; empty for none.
        marks: crosses at (row, column), numbered from 1.
    """

    title: str
    boxes: tuple[Box, ...] = field(default=(), kw_only=True)
    scores: tuple[float | None, ...] = field(default=(), kw_only=True)
    marks: tuple[Pixel, ...] = field(default=(), kw_only=True)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels of the panel."""
        raise NotImplementedError


@dataclass(frozen=True)
class Picture(Panel):
    """A picture.

    Attributes:
        rgb: uint8 (H, W, 3).
        keys: the kinds of its colours that the legend explains: `classes`, and those of `KEYS`.
    """

    rgb: np.ndarray
    keys: frozenset[str] = frozenset()

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.rgb.shape[0], self.rgb.shape[1]


@dataclass(frozen=True)
class Heat(Panel):
    """A map of numbers.

    Attributes:
        values: float (H, W); NaN where there is no number, which is drawn grey.
        unit: what the colour bar measures.
        span: the numbers at the ends of the colour scale.
        colours: name of matplotlib's colour map.
        steps: number of colours of a map of whole numbers 1..steps; None for a continuous one.
        bar: whether the colour bar is drawn.
    """

    values: np.ndarray
    unit: str
    span: tuple[float, float] = (0.0, 1.0)
    colours: str = "cividis"
    steps: int | None = None
    bar: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.values.shape[0], self.values.shape[1]


def scaled(box: Box, size: tuple[int, int], shape: tuple[int, int]) -> Box:
    """A box in an image of `size` as a box in a panel of `shape`, of at least one pixel."""
    (row, col, height, width), (down, across) = box, (shape[0] / size[0], shape[1] / size[1])
    top, left = round(row * down), round(col * across)
    bottom, right = round((row + height) * down), round((col + width) * across)
    return top, left, max(1, bottom - top), max(1, right - left)


def cropped(panel: Panel, box: Box) -> Panel:
    """The part of a panel in a box of its own pixels, without title, boxes and marks."""
    rows, cols = slice(box[0], box[0] + box[2]), slice(box[1], box[1] + box[3])
    bare = replace(panel, title="", boxes=(), scores=(), marks=())
    if isinstance(bare, Picture):
        return replace(bare, rgb=bare.rgb[rows, cols])
    assert isinstance(bare, Heat)
    return replace(bare, values=bare.values[rows, cols])


def on_one_scale(panels: list[Panel | None]) -> list[Panel | None]:
    """Maps of one quantity side by side on one colour scale; only the last has a colour bar."""
    maps = [panel for panel in panels if isinstance(panel, Heat)]
    if not maps:
        return panels
    span = (min(heat.span[0] for heat in maps), max(heat.span[1] for heat in maps))
    return [
        replace(panel, span=span, bar=panel is maps[-1]) if isinstance(panel, Heat) else panel
        for panel in panels
    ]
