"""The metric of a sweep over a grid of two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from raysal.report.draw.style import COLOURS, INK, UNKNOWN
from raysal.report.sweep.groups import Group, metric_words, varied
from raysal.sweep.config import value_text
from raysal.sweep.trials import Sweep

CELL_INCHES = (1.15, 0.85)
# In order in print and for all eyes; its darkest part is left out, where frames and letters drown.
MAP, MAP_SHARE = "YlGnBu", 0.8
FRAME = COLOURS[1]
# Above this share of the range, letters are white.
DARK = 0.7


def draw_heat(sweep: Sweep, found: Sequence[Group]) -> Figure:
    """A cell per combination: mean over seeds, one standard deviation, how many seeds.

    The first parameter runs to the right, the second upwards. The best cell is framed; one that a
    trial is missing from, or that counts one that did not finish, has a star. Drawn and written
    within `figure_style`.
    """
    across, up = varied(sweep, found)
    x = _ordered([group.values[across] for group in found])
    y = _ordered([group.values[up] for group in found])
    means = np.full((len(y), len(x)), np.nan)
    cells: dict[tuple[int, int], Group] = {}
    for group in found:
        cell = _index(y, group.values[up]), _index(x, group.values[across])
        cells[cell] = group
        if group.metric is not None:
            means[cell] = group.metric.mean
    size = (2.9 + CELL_INCHES[0] * len(x), 1.6 + CELL_INCHES[1] * len(y))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    part = matplotlib.colormaps[MAP](np.linspace(0, MAP_SHARE, 256))
    colours = ListedColormap(part).with_extremes(bad=UNKNOWN)
    image = axes.imshow(
        np.ma.masked_invalid(means), cmap=colours, origin="lower", aspect="auto"
    )  # fmt: skip
    shades = np.asarray(image.norm(means))
    for cell, group in cells.items():
        dark = bool(np.isfinite(means[cell])) and shades[cell] > DARK
        axes.text(
            cell[1], cell[0], _words(group), ha="center", va="center", fontsize=9.5,
            color="white" if dark else INK, linespacing=1.35,
        )  # fmt: skip
    if np.isfinite(means).any():
        best = np.unravel_index(np.nanargmax(means), means.shape)
        frame = Rectangle(
            (best[1] - 0.5, best[0] - 0.5), 1, 1, fill=False, edgecolor=FRAME, linewidth=2.5,
            clip_on=False, zorder=3,
        )  # fmt: skip
        axes.add_patch(frame)
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


def _words(group: Group) -> str:
    if group.metric is None:
        return "–"
    star = "" if group.whole else " *"
    mean = f"{group.metric.mean:.1f}{star}"
    if group.metric.std is None:
        return mean
    return f"{mean}\n± {group.metric.std:.1f}, n = {group.metric.n}"


def _ordered(values: Sequence[Any]) -> list[Any]:
    """Numbers ascending, all else in the order of the configuration."""
    distinct = list({value_text(value): value for value in values}.values())
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in distinct)
    return sorted(distinct) if numbers else distinct


def _index(values: Sequence[Any], value: Any) -> int:
    return [value_text(v) for v in values].index(value_text(value))


def _name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
