"""The figure of the learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from raysal.report.cost_unit import CostUnit
from raysal.report.draw.format import count
from raysal.report.draw.style import INK, LONG_LABEL, SeriesStyle, figure_style, png, series_style
from raysal.report.forecast.draw import draw_forecasts
from raysal.report.forecast.forecast import Forecast
from raysal.report.runs.series import Series
from raysal.report.summary.curve import Point, changes_of, learning_curve
from raysal.report.summary.full_data import FullData
from raysal.report.summary.panels import Panel, panels

# With more series than this, error bars are drawn instead of bands.
BANDS_AT_MOST = 4
# Labels up to this length stand side by side in a legend of two columns.
HALF_WIDTH = 36
# Panels of a figure: in a row, and inches of each.
PANELS_IN_A_ROW, PANEL_INCHES = 2, (4.0, 2.9)
# Horizontal distance of the error bars of different series, as a share of the width of the axis.
DODGE = 0.006
SPREAD = "mean ± one standard deviation over runs"
# Labels of changes lie in so many lines one above the other.
HIGHEST_LABEL = 5
# Larger numbers than this are written with k and M.
LONGEST_NUMBER = 99_999
# Up to the first number of seconds, times are written in this unit of so many seconds.
TIMES = ((180.0, 1.0, "s"), (10_800.0, 60.0, "min"), (float("inf"), 3600.0, "h"))


def curve_figure(
    series: Sequence[Series],
    unit: CostUnit = CostUnit.images,
    full: FullData | None = None,
    forecasts: Sequence[Forecast] = (),
) -> bytes:
    """PNG of `draw_curve`, for series that pass `check_counted`."""
    with figure_style():
        return png(draw_curve(series, unit, full, forecasts))


def draw_curve(
    series: Sequence[Series],
    unit: CostUnit,
    full: FullData | None = None,
    forecasts: Sequence[Forecast] = (),
) -> Figure:
    """Draw one line per series: mean ± one standard deviation over its runs.

    The spread is drawn as a band for up to four series. More bands would hide one another, so
    error bars are drawn instead, and the series are shifted horizontally. A hollow marker is a
    mean over fewer runs than the series has. The series must pass `check_counted`; draw and save
    the figure within `figure_style`. A dashed vertical line stands where the settings of queries
    changed: at the last model that was trained on labels of the earlier ones only. Dashed
    horizontal lines are what models reach that were trained on all images (`full`), and 90 % of it.
    Forecasts, of all series or of none, are dashed. Strategies with several values of a setting
    have a panel for each value (`panels`), without changes and forecasts.
    """
    if found := panels(series):
        return _draw_panels(series, found, unit, full)
    curves = [learning_curve(one) for one in series]
    as_bands = len(series) <= BANDS_AT_MOST
    figure = Figure(figsize=(7.2, 4.4 if as_bands else 5.2), layout="constrained")
    axes = figure.add_subplot()
    amounts, label, divisor = _amounts(curves, unit)
    known = [amount for of_one in amounts for amount in of_one]
    bars = _have_spread(curves)
    step = DODGE * (max(known) - min(known)) if bars and known and not as_bands else 0.0
    hands: list[tuple[float, int, str]] = []
    for place, (one, points) in enumerate(zip(series, curves, strict=True)):
        if not points:
            continue  # It was not measured.
        shift = step * (place - (len(series) - 1) / 2)
        x = [amount + shift for amount in amounts[place]]
        _draw(axes, one, x, points, series_style(place), as_bands)
        at = dict(zip((point.index for point in points), x, strict=True))
        hands += [(at[c.round], place, c.label) for c in changes_of(one) if c.round in at]
    draw_forecasts(axes, forecasts, divisor)
    _draw_changes(axes, hands)
    if full is not None:
        _draw_levels(axes, full)
    axes.set_xlabel(label)
    axes.set_ylabel("mIoU [%]")
    _scale(axes, unit, known, ticks=8)
    if bars:
        axes.set_title(SPREAD, loc="left", fontsize=9.5)
    longest = max(len(one.label) for one in series)
    columns = min(3 if longest <= LONG_LABEL else 2 if longest <= HALF_WIDTH else 1, len(series))
    figure.legend(loc="outside lower center", ncols=columns, handlelength=2.4)
    return figure


def _draw_panels(
    series: Sequence[Series], found: Sequence[Panel], unit: CostUnit, full: FullData | None
) -> Figure:
    curves = [learning_curve(one) for one in series]
    amounts, label, _ = _amounts(curves, unit)
    columns = min(PANELS_IN_A_ROW, len(found))
    rows = -(-len(found) // columns)
    size = (PANEL_INCHES[0] * columns, PANEL_INCHES[1] * rows + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    as_bands = max(len(panel.places) for panel in found) <= BANDS_AT_MOST
    lines: dict[str, Any] = {}
    for number, (axes, panel) in enumerate(zip(grid.flatten(), found, strict=False)):
        for place in panel.places:
            one, style = series[place], series_style(panel.names.index(series[place].name))
            _draw(axes, one, amounts[place], curves[place], style, as_bands)
            lines.setdefault(one.name, axes.lines[-1])
        if full is not None:
            _draw_levels(axes, full)
        axes.set_title(panel.title, loc="left", fontsize=10)
        _scale(axes, unit, [amount for of_one in amounts for amount in of_one], ticks=6)
        if number % columns == 0:
            axes.set_ylabel("mIoU [%]")
        if number + columns >= len(found):
            axes.set_xlabel(label)
            axes.tick_params(labelbottom=True)  # Also where the grid has nothing below it.
    for axes in grid.flatten()[len(found) :]:
        axes.set_visible(False)
    if _have_spread(curves):
        figure.suptitle(SPREAD, fontsize=9.5, x=0.01, ha="left")
    handles = [lines[name] for name in found[0].names if name in lines]
    runs = {len(one.runs) for one in series}
    each = f", {runs.pop()} runs each" if runs != {1} and len(runs) == 1 else ""
    names = [f"{name}{each}" for name in found[0].names if name in lines]
    longest = max(map(len, names))
    in_a_row = min(3 if longest <= LONG_LABEL else 2, len(names))
    figure.legend(handles, names, loc="outside lower center", ncols=in_a_row, handlelength=2.4)
    return figure


def _amounts(
    curves: Sequence[Sequence[Point]], unit: CostUnit
) -> tuple[list[list[float]], str, float]:
    """The x of each point, the label of their axis, and what costs were divided by."""
    amounts = [[point.cost[unit] or 0.0 for point in points] for points in curves]
    label, divisor = unit.words.capitalize(), 1.0
    if unit is CostUnit.seconds:
        most = max((amount for of_one in amounts for amount in of_one), default=0.0)
        divisor, name = _time_unit(most)
        amounts = [[amount / divisor for amount in of_one] for of_one in amounts]
        label = f"{label} [{name}]"
    return amounts, label, divisor


def _have_spread(curves: Sequence[Sequence[Point]]) -> bool:
    return any(point.miou.std is not None for points in curves for point in points)


def _scale(axes: Axes, unit: CostUnit, known: Sequence[float], ticks: int) -> None:
    """Set up both axes; call it after drawing.

    Args:
        known: all values of x.
        ticks: at most so many of them, of x.
    """
    axes.xaxis.set_major_locator(
        MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10], integer=unit is not CostUnit.seconds)
    )
    if max(known, default=0.0) > LONGEST_NUMBER:
        axes.xaxis.set_major_formatter(EngFormatter())
    axes.margins(x=0.04, y=0.08)
    _at_least_one_point(axes)


def _at_least_one_point(axes: Axes) -> None:
    """Show at least one point of mIoU: less is noise, which would look like a slope."""
    low, high = axes.get_ylim()
    if high - low < 1:
        middle = (low + high) / 2
        axes.set_ylim(max(0.0, middle - 0.5), max(1.0, middle + 0.5))


def _draw(
    axes: Axes,
    one: Series,
    x: Sequence[float],
    points: Sequence[Point],
    style: SeriesStyle,
    as_band: bool,
) -> None:
    runs = len(one.runs)
    label = one.label if runs == 1 else f"{one.label}, {runs} runs"
    mean = [point.miou.mean for point in points]
    std = [point.miou.std or 0.0 for point in points]
    axes.plot(x, mean, color=style.colour, linestyle=style.line, linewidth=1.8)
    for i, point in enumerate(points):
        face = style.colour if point.miou.n == runs else "white"
        axes.plot(x[i], mean[i], style.marker, color=style.colour, mfc=face, markersize=5.5)
    # An empty line, so that the legend shows line and marker together.
    axes.plot([], [], color=style.colour, linestyle=style.line, marker=style.marker, label=label)
    if not any(std):
        return
    if as_band:
        low = [m - s for m, s in zip(mean, std, strict=True)]
        high = [m + s for m, s in zip(mean, std, strict=True)]
        axes.fill_between(x, low, high, color=style.colour, alpha=0.15, linewidth=0)
    else:
        axes.errorbar(x, mean, std, fmt="none", ecolor=style.colour, elinewidth=1, capsize=2)


def _draw_changes(axes: Axes, hands: Sequence[tuple[float, int, str]]) -> None:
    """Draw where curves change hands.

    Args:
        hands: x, place of the series, and label of each change.
    """
    for number, (x, place, label) in enumerate(hands):
        colour = series_style(place).colour
        axes.axvline(x, color=colour, linestyle=(0, (4, 3)), linewidth=0.9, alpha=0.8)
        axes.annotate(
            label,
            (x, 0.02),
            (3, 11 * (number % HIGHEST_LABEL)),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            color=colour,
            fontsize=8,
        )


def _draw_levels(axes: Axes, full: FullData) -> None:
    """Draw p100 and p90."""
    amount = full.cost.get(CostUnit.images)
    all_images = "all images" if amount is None else f"all {count(amount)} images"
    if full.miou.n > 1:
        all_images += f", {full.miou.n} runs"
    for share, name in ((1.0, f"p100: {all_images}"), (0.9, "p90")):
        level = full.level(share)
        axes.axhline(level, color=INK, linestyle=(0, (5, 3)), linewidth=1.0, zorder=1)
        axes.annotate(
            f"{name} ({level:.1f} %)",
            (0.01, level),
            (0, 2.5),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            color=INK,
            fontsize=8,
        )


def _time_unit(longest_s: float) -> tuple[float, str]:
    """Its seconds and its name: s, min or h."""
    return next((seconds, name) for most, seconds, name in TIMES if longest_s <= most)
