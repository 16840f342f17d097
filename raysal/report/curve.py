"""The learning curve: mIoU against labelled images, mean and spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from raysal.report.series import Series, Spread, spread
from raysal.report.style import LONG_LABEL, SeriesStyle, figure_style, png, series_style
from raysal.report.table import Table

BANDS_AT_MOST = 4
# Share of the width of the axis by which error bars stand apart.
DODGE = 0.006


@dataclass(frozen=True)
class Point:
    """One round of one series.

    Attributes:
        images: mean number of labelled images of the runs counted in `miou`.
        miou: mIoU in percent over the runs that have recorded this round.
    """

    index: int
    images: float
    miou: Spread


def learning_curve(series: Series) -> tuple[Point, ...]:
    """Points by round; a round without mIoU gives none."""
    points = []
    for index in series.indices:
        known = [data for data in series.at(index) if data.miou is not None]
        images = spread(data.images for data in known)
        miou = spread(100 * data.miou for data in known if data.miou is not None)
        if images is not None and miou is not None:
            points.append(Point(index, images.mean, miou))
    return tuple(points)


def curve_table(series: Sequence[Series]) -> Table:
    """mIoU in percent per series and round; the standard deviation is the sample's (n - 1)."""
    columns = ("strategy", "round", "runs", "images", "miou", "miou_std", "miou_min", "miou_max")
    rows = []
    for one in series:
        for point in learning_curve(one):
            m = point.miou
            rows.append((one.label, point.index, m.n, point.images, m.mean, m.std, m.low, m.high))
    return Table(columns, tuple(rows))


def curve_figure(series: Sequence[Series]) -> bytes:
    """PNG: one line per series, mean ± one standard deviation over its runs.

    The spread is a band for up to four series. Bands of more would cover one another: then it is
    error bars, and the series stand a little beside one another at each number of images. A
    hollow marker is a mean over fewer runs than the series has.
    """
    curves = [learning_curve(one) for one in series]
    as_bands = len(series) <= BANDS_AT_MOST
    with figure_style():
        figure = Figure(figsize=(7.2, 4.4 if as_bands else 5.2), layout="constrained")
        axes = figure.add_subplot()
        step = 0.0 if as_bands else DODGE * _span(curves)
        for place, (one, points) in enumerate(zip(series, curves, strict=True)):
            shift = step * (place - (len(series) - 1) / 2)
            _draw(axes, one, points, series_style(place), shift, as_bands)
        axes.set_xlabel("Labelled images")
        axes.set_ylabel("mIoU [%]")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
        axes.margins(x=0.04, y=0.08)
        if any(point.miou.std is not None for points in curves for point in points):
            axes.set_title("mean ± one standard deviation over runs", loc="left", fontsize=9.5)
        long = max(len(one.label) for one in series) > LONG_LABEL
        columns = 1 if long else min(3, len(series))
        figure.legend(loc="outside lower center", ncols=columns, handlelength=2.4)
        return png(figure)


def _span(curves: Sequence[Sequence[Point]]) -> float:
    images = [point.images for points in curves for point in points]
    return max(images) - min(images) if images else 0.0


def _draw(
    axes: Axes,
    one: Series,
    points: Sequence[Point],
    style: SeriesStyle,
    shift: float,
    as_band: bool,
) -> None:
    runs = len(one.runs)
    label = one.label if runs == 1 else f"{one.label}, {runs} runs"
    x = [point.images + shift for point in points]
    mean = [point.miou.mean for point in points]
    std = [point.miou.std or 0.0 for point in points]
    axes.plot(x, mean, color=style.colour, linestyle=style.line, linewidth=1.8)
    for i, point in enumerate(points):
        face = style.colour if point.miou.n == runs else "white"
        axes.plot(x[i], mean[i], style.marker, color=style.colour, mfc=face, markersize=5.5)
    # The legend shows line and marker in one.
    axes.plot([], [], color=style.colour, linestyle=style.line, marker=style.marker, label=label)
    if not any(std):
        return
    if as_band:
        low = [m - s for m, s in zip(mean, std, strict=True)]
        high = [m + s for m, s in zip(mean, std, strict=True)]
        axes.fill_between(x, low, high, color=style.colour, alpha=0.15, linewidth=0)
    else:
        axes.errorbar(x, mean, std, fmt="none", ecolor=style.colour, elinewidth=1, capsize=2)
