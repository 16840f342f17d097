"""Draw panels in rows and columns, with colour bars and a legend."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from raysal.report.draw.panels import add_legend, bare
from raysal.report.draw.pictures import RGB, UNLABELLED, legend_name, rgb
from raysal.report.draw.style import RIGHT, UNKNOWN, WRONG, figure_style, png
from raysal.report.show.panel import Heat, Panel, Picture

PANEL_INCHES = 2.9
WIDEST_INCHES = 16.0
TITLE_INCHES, LINE_INCHES, LEGEND_INCHES = 0.32, 0.18, 0.24
# Of a colour bar with its numbers and its unit.
BAR_INCHES = 0.72
# Letters of a title per inch, at its size.
LETTERS = 11.5
TITLE_POINTS = 10.5
CLASSES = "classes"
KEYS: dict[str, RGB] = {
    "unlabelled": UNLABELLED,
    "wrong": rgb(WRONG),
    "right": rgb(RIGHT),
    "no ground truth": rgb(UNKNOWN),
    "no label": rgb(UNKNOWN),
}
"""Colours that stand for something besides classes, by what the legend says of them."""


@dataclass(frozen=True)
class Row:
    """Panels side by side; None leaves a place empty.

    Attributes:
        side: written at the left.
    """

    panels: tuple[Panel | None, ...]
    side: str = ""


@dataclass(frozen=True)
class Classes:
    """Names and colours of the classes."""

    names: tuple[str, ...]
    palette: tuple[RGB, ...]


def draw(title: str, rows: Sequence[Row], classes: Classes) -> bytes:
    """PNG of rows of panels, below each other."""
    columns = max(len(row.panels) for row in rows)
    inches = min(PANEL_INCHES, WIDEST_INCHES / columns)
    with figure_style():
        heights = [_height(row, inches) for row in rows]
        entries = _entries(rows, classes)
        lines = -(-len(entries) // max(1, int(columns * inches / 1.35)))
        below = LEGEND_INCHES * lines
        with_bar = sum(_has_bar(rows, column) for column in range(columns))
        size = (columns * inches + with_bar * BAR_INCHES, sum(heights) + 0.45 + below)
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle(title, fontsize=12, x=0.005, ha="left")
        grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
        for place, row in enumerate(rows):
            for column, panel in enumerate(row.panels):
                if panel is not None:
                    axes = figure.add_subplot(grid[place, column])
                    _panel(figure, axes, panel, inches)
                    if row.side and column == _first(row):
                        axes.set_ylabel(row.side, fontsize=TITLE_POINTS)
        if entries:
            add_legend(figure, entries, -(-len(entries) // lines))
        return png(figure)


def _has_bar(rows: Sequence[Row], column: int) -> bool:
    there = (row.panels[column] for row in rows if column < len(row.panels))
    return any(isinstance(panel, Heat) and panel.bar for panel in there)


def _first(row: Row) -> int:
    return next(place for place, panel in enumerate(row.panels) if panel is not None)


def _height(row: Row, inches: float) -> float:
    there = [panel for panel in row.panels if panel is not None]
    aspect = max(panel.shape[0] / panel.shape[1] for panel in there)
    lines = max(len(_lines(panel.title, inches)) for panel in there)
    return inches * aspect + (TITLE_INCHES + LINE_INCHES * (lines - 1) if lines else 0.08)


def _lines(title: str, inches: float) -> list[str]:
    """The lines of a title, none longer than its panel."""
    width = max(8, int(inches * LETTERS))
    return [part for line in title.splitlines() for part in textwrap.wrap(line, width)]


def _panel(figure: Figure, axes: Axes, panel: Panel, inches: float) -> None:
    if isinstance(panel, Picture):
        axes.imshow(panel.rgb, interpolation="nearest")
    else:
        assert isinstance(panel, Heat)
        _heat(figure, axes, panel)
    axes.set_title("\n".join(_lines(panel.title, inches)), fontsize=TITLE_POINTS)
    bare(axes)
    _boxes(axes, panel, inches)
    _marks(axes, panel)


def _heat(figure: Figure, axes: Axes, heat: Heat) -> None:
    colours = matplotlib.colormaps[heat.colours]
    norm: Normalize = Normalize(*heat.span)
    if heat.steps is not None:
        colours = ListedColormap(colours(np.linspace(0, 1, heat.steps)))
        norm = BoundaryNorm(np.arange(heat.steps + 1) + 0.5, heat.steps)
    colours = colours.with_extremes(bad=UNKNOWN)
    shown = axes.imshow(
        np.ma.masked_invalid(heat.values), cmap=colours, norm=norm, interpolation="nearest"
    )
    if not heat.bar:
        return
    bar = figure.colorbar(shown, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.outline.set_visible(False)
    bar.set_label(heat.unit, fontsize=9)
    bar.ax.tick_params(labelsize=9)
    if heat.steps is not None:
        bar.set_ticks([float(step) for step in range(1, heat.steps + 1)])
        bar.ax.minorticks_off()
    else:
        bar.locator = MaxNLocator(4)
        bar.update_ticks()


def _boxes(axes: Axes, panel: Panel, inches: float) -> None:
    # A light line on a wider dark one is visible on any image.
    for row, col, height, breadth in panel.boxes:
        for width, tone in ((2.4, "black"), (1.0, "white")):
            corner = (col - 0.5, row - 0.5)
            axes.add_patch(
                Rectangle(corner, breadth, height, fill=False, edgecolor=tone, linewidth=width)
            )
    for (row, col, _, breadth), score in zip(panel.boxes, panel.scores, strict=False):
        points = breadth / panel.shape[1] * inches * 72
        text = "" if score is None else f"{score:.3g}"
        if text and points >= 4 * len(text):
            axes.annotate(
                text, (col, row), xytext=(2, -2), textcoords="offset points", va="top",
                fontsize=min(8.0, points / (0.64 * (len(text) + 1))), color="white",
                bbox={"facecolor": "black", "alpha": 0.75, "linewidth": 0, "pad": 1.0},
            )  # fmt: skip


def _marks(axes: Axes, panel: Panel) -> None:
    for number, (row, col) in enumerate(panel.marks, 1):
        for size, width, tone in ((9, 3.4, "black"), (8, 1.6, "white")):
            axes.plot(col, row, marker="x", markersize=size, markeredgewidth=width, color=tone)
        if len(panel.marks) > 1:
            left = col > 0.85 * panel.shape[1]
            axes.annotate(
                str(number), (col, row), xytext=(-6 if left else 6, 0),
                textcoords="offset points", va="center", ha="right" if left else "left",
                fontsize=10, fontweight="bold", color="white",
                path_effects=[withStroke(linewidth=2.4, foreground="black")],
            )  # fmt: skip


def _entries(rows: Sequence[Row], classes: Classes) -> list[tuple[str, RGB]]:
    """What the legend explains: only what occurs in a panel."""
    keys = {key for row in rows for p in row.panels if isinstance(p, Picture) for key in p.keys}
    names = [legend_name(name) for name in classes.names]
    entries = list(zip(names, classes.palette, strict=True)) if CLASSES in keys else []
    return entries + [(key, tone) for key, tone in KEYS.items() if key in keys]
