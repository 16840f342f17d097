"""Figure of the metric of a sweep over a grid of two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from raysal.report.draw.style import COLOURS, INK, UNKNOWN
from raysal.report.sweep.groups import Group, metric_words, varied
from raysal.sweep.config import value_text
from raysal.sweep.trials import Sweep

CELL_INCHES = (1.15, 0.85)
# Keeps its order in greyscale and with colour blindness. The darkest part is left out, because
# frames and text are hard to see on it.
MAP, MAP_SHARE = "YlGnBu", 0.8
FRAME = COLOURS[1]
# Above this share of the range, text is white.
DARK = 0.7

Cell = tuple[int, int]
"""Row and column."""


def draw_heat(sweep: Sweep, found: Sequence[Group]) -> Figure:
    """Draw a cell per combination: mean over seeds, standard deviation, number of seeds.

    The first parameter is on the x axis, the second on the y axis. The best cell has a frame; a
    star means that a trial of the cell is missing or has not finished. Draw and save the figure
    within `figure_style`.
    """
    across, up = varied(sweep, found)
    x = _ordered([group.values[across] for group in found])
    y = _ordered([group.values[up] for group in found])
    cells = {
        (_index(y, group.values[up]), _index(x, group.values[across])): group for group in found
    }
    size = (2.9 + CELL_INCHES[0] * len(x), 1.6 + CELL_INCHES[1] * len(y))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    image = _draw_cells(axes, cells, (len(y), len(x)))
    axes.set_xticks(range(len(x)), [_name(value) for value in x])
    axes.set_yticks(range(len(y)), [_name(value) for value in y])
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.9)
    bar.set_label(metric_words(sweep.config))
    bar.outline.set_visible(False)
    seeds = len(sweep.config.seeds)
    over = f"mean ± one standard deviation over {seeds} seeds" if seeds > 1 else "one seed"
    axes.set_title(over, loc="left", fontsize=9.5)
    return figure


def _draw_cells(axes: Axes, cells: Mapping[Cell, Group], size: Cell) -> AxesImage:
    """Draw coloured cells with their text, and a frame around the best one.

    Args:
        cells: by (row, column).
        size: number of rows and columns.
    """
    means = np.full(size, np.nan)
    for cell, group in cells.items():
        if group.metric is not None:
            means[cell] = group.metric.mean
    part = matplotlib.colormaps[MAP](np.linspace(0, MAP_SHARE, 256))
    colours = ListedColormap(part).with_extremes(bad=UNKNOWN)
    image = axes.imshow(np.ma.masked_invalid(means), cmap=colours, origin="lower", aspect="auto")
    shades = np.asarray(image.norm(means))
    for cell, group in cells.items():
        tone = "white" if np.isfinite(means[cell]) and shades[cell] > DARK else INK
        text = axes.text(cell[1], cell[0], _words(group), color=tone, fontsize=9.5)
        text.set(ha="center", va="center", linespacing=1.35)
    if np.isfinite(means).any():
        row, column = np.unravel_index(np.nanargmax(means), means.shape)
        frame = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=FRAME, zorder=3)
        frame.set(linewidth=2.5, clip_on=False)
        axes.add_patch(frame)
    return image


def _words(group: Group) -> str:
    if group.metric is None:
        return "–"
    star = "" if group.whole else " *"
    mean = f"{group.metric.mean:.1f}{star}"
    if group.metric.std is None:
        return mean
    return f"{mean}\n± {group.metric.std:.1f}, n = {group.metric.n}"


def _ordered(values: Sequence[Any]) -> list[Any]:
    """Distinct values: numbers in ascending order, others in the order of the configuration."""
    distinct = list({value_text(value): value for value in values}.values())
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in distinct)
    return sorted(distinct) if numbers else distinct


def _index(values: Sequence[Any], value: Any) -> int:
    return [value_text(v) for v in values].index(value_text(value))


def _name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
