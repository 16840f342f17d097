"""The matrix of differences between all pairs of strategies."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from raysal.report.compare.comparison import Comparison
from raysal.report.compare.words import measure
from raysal.report.draw.format import signed
from raysal.report.draw.style import BAND, FAINT, INK, figure_style, png

# Width of a cell with an interval, and of one without; height.
WIDE, NARROW, HIGH = 1.25, 0.8, 0.72
MAP = "PuOr"  # Two hues that colour blindness keeps apart, white in the middle.
# Below this number of strategies, cells hold the interval, too.
INTERVALS_BELOW = 9
# The darkest colours of the map, on which text is hard to read, are left out.
PALE = 1.8
# Points of mIoU; smaller differences do not get the darkest colour, though none is larger.
LEAST_RANGE = 1.0
MIDDLE: dict[str, Any] = {"ha": "center", "va": "center"}


def matrix_figure(found: Comparison) -> bytes:
    """PNG: row minus column in points of mIoU; cells of pairs that differ have a frame."""
    with figure_style():
        return png(draw_matrix(found))


def has_intervals(found: Comparison) -> bool:
    """Whether cells hold intervals: there are enough seeds, and the cells are large enough."""
    return len(found.labels) < INTERVALS_BELOW and any(pair.low is not None for pair in found.pairs)


def draw_matrix(found: Comparison) -> Figure:
    """As `matrix_figure`; draw and save it within `figure_style`."""
    count = len(found.labels)
    difference = np.full((count, count), np.nan)
    for pair in found.pairs:
        if pair.mean is not None:
            difference[pair.first, pair.second] = pair.mean
            difference[pair.second, pair.first] = -pair.mean
    most = float(np.nanmax(np.abs(difference))) if np.isfinite(difference).any() else 0.0
    width = WIDE if has_intervals(found) else NARROW
    figure = Figure(figsize=(1.9 + width * count, 1.4 + HIGH * count), layout="constrained")
    axes = figure.add_subplot()
    colours = matplotlib.colormaps[MAP].with_extremes(bad=BAND)
    shown, limit = np.ma.masked_invalid(difference), PALE * max(most, LEAST_RANGE)
    axes.imshow(shown, cmap=colours, vmin=-limit, vmax=limit, aspect="auto")
    for pair in found.pairs:
        for row, column, sign in ((pair.first, pair.second, 1), (pair.second, pair.first, -1)):
            tone = FAINT if pair.mean is None else INK
            words = "no seed" if pair.mean is None else signed(sign * pair.mean)
            above = 0.0
            if pair.low is not None and pair.high is not None and has_intervals(found):
                ends, above = sorted((sign * pair.low, sign * pair.high)), 0.13
                interval = f"[{signed(ends[0])}, {signed(ends[1])}]"
                axes.text(column, row + above, interval, color=tone, fontsize=9, **MIDDLE)
            weight = "bold" if pair.differs else "normal"
            axes.text(column, row - above, words, color=tone, fontsize=9, weight=weight, **MIDDLE)
            if pair.differs:
                frame = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, zorder=3)
                frame.set(edgecolor=INK, linewidth=1.8)
                axes.add_patch(frame)
    axes.set_yticks(range(count), found.labels)
    axes.set_xticks(range(count), found.labels, rotation=30, ha="right")
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(
        f"Row minus column, points of\n{measure(found.matched)}", loc="left", fontsize=9.5
    )
    return figure
