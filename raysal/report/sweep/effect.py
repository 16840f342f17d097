"""Figure of the metric of a sweep against its parameters, one panel each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from raysal.report.draw.style import COLOURS, FAINT
from raysal.report.sweep.groups import Group, metric_words, varied
from raysal.sweep.config import Axis, SweepConfig
from raysal.sweep.trials import Sweep

PANEL_INCHES = (5.6, 4.0)
COLUMNS = 3
# The axis is logarithmic if the highest value is more than this many times the lowest.
WIDE = 30.0
# Names with more letters in all are written aslant.
LETTERS_IN_A_ROW = 36


def draw_effect(sweep: Sweep, found: Sequence[Group]) -> Figure:
    """Draw the mean over seeds with one standard deviation, and each seed as a small dot.

    With one parameter, a line connects the means. With several, each panel shows all combinations.
    A hollow marker means that a trial of the mean is missing or has not finished. Draw and save
    the figure within `figure_style`.
    """
    paths = varied(sweep, found)
    columns = min(COLUMNS, len(paths))
    rows = -(-len(paths) // columns)
    width, height = PANEL_INCHES
    size = (width if columns == 1 else 0.72 * width * columns, height * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    for axes, path in zip(panels, paths, strict=False):
        _draw(axes, path, found, joined=len(paths) == 1)
        axes.set_xlabel(path)
        _scale(axes, sweep.config.axes[path], [group.values[path] for group in found])
        axes.margins(y=0.12)
    for axes in panels[len(paths) :]:
        axes.set_visible(False)
    for row in range(rows):
        panels[row * columns].set_ylabel(metric_words(sweep.config))
    panels[0].set_title(_title(sweep.config), loc="left", fontsize=9.5)
    return figure


def _title(config: SweepConfig) -> str:
    if len(config.seeds) == 1:
        return "one seed"
    return f"mean ± one standard deviation over {len(config.seeds)} seeds (small dots)"


def _draw(axes: Axes, path: str, found: Sequence[Group], joined: bool) -> None:
    known = [group for group in found if group.metric is not None]
    x = _places([group.values[path] for group in found])
    at = [x[i] for i, group in enumerate(found) if group.metric is not None]
    means = [group.metric.mean for group in known if group.metric is not None]
    order = sorted(range(len(at)), key=lambda i: at[i])
    colour = COLOURS[0]
    if joined and _is_number(found[0].values[path]):
        axes.plot([at[i] for i in order], [means[i] for i in order], color=colour, linewidth=1.8)
    for place, group in zip(at, known, strict=True):
        assert group.metric is not None
        seeds = [100 * r.metric for r in group.results if r.metric is not None]
        if len(seeds) > 1:
            axes.plot([place] * len(seeds), seeds, ".", color=FAINT, markersize=5, zorder=1)
            axes.errorbar(
                place, group.metric.mean, group.metric.std, color=colour, capsize=4, linewidth=1.2
            )
        face = colour if group.whole else "white"
        axes.plot(place, group.metric.mean, "o", color=colour, mfc=face, markersize=6.5)


def _scale(axes: Axes, axis: Axis, values: Sequence[Any]) -> None:
    """Set up the x axis: a tick per value of a list; logarithmic for wide ranges."""
    if not all(map(_is_number, values)):
        names = list(dict.fromkeys(map(str, values)))
        axes.set_xticks(range(len(names)), names)
        if sum(map(len, names)) > LETTERS_IN_A_ROW:
            axes.tick_params(axis="x", labelrotation=30)
            for label in axes.get_xticklabels():
                label.set_horizontalalignment("right")
        axes.margins(x=0.2)
        return
    axes.margins(x=0.08)
    low, high = min(values), max(values)
    if axis.kind == "loguniform" or (low > 0 and high / low > WIDE):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif axis.kind == "int":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not axis.drawn:
        ticks = sorted(set(values))
        axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
        axes.minorticks_off()


def _places(values: Sequence[Any]) -> list[float]:
    if all(map(_is_number, values)):
        return [float(value) for value in values]
    names = list(dict.fromkeys(map(str, values)))
    return [float(names.index(str(value))) for value in values]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
