"""Figure of the classes of annotators' and extended labels, and of their share of the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from raysal.report.draw.style import INK, LONG_LABEL, SeriesStyle, figure_style, png, series_style
from raysal.report.regions.coverage import Checks, ClassRow, CoverageRow, class_rows, coverage
from raysal.report.runs.series import Series
from raysal.report.summary.balance import LEAST_PERCENT, band_rows, rows_inches, share_axes

MARKER = 5.5


def coverage_figure(
    series: Sequence[Series],
    places: Sequence[int],
    pools: Mapping[str, int | None],
    checks: Checks,
) -> bytes:
    """PNG: left the class shares at the last round of each, right the share of the pool by round.

    Args:
        places: index of each series among all of the report, which determines its colour.
    """
    styles = [series_style(place) for place in places]
    classes = [class_rows(one, one.last, checks) for one in series]
    rows = [coverage(one, pools, checks) for one in series]
    with figure_style():
        height = rows_inches(len(classes[0]), len(series))
        figure = Figure(figsize=(8.4, height), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        _draw_classes(left, classes, styles)
        for of_one, style in zip(rows, styles, strict=True):
            _draw_coverage(right, of_one, style)
        right.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        right.margins(x=0.06, y=0.08)
        right.set_ylim(bottom=0)
        right.set_xlabel("Round")
        right.set_ylabel("Share of the pool's pixels [%]")
        entries = _legend([one.label for one in series], styles)
        long = max(len(one.label) for one in series) > LONG_LABEL
        figure.legend(
            handles=entries, loc="outside lower center", ncols=2 if long else min(4, len(entries))
        )
        return png(figure)


def _draw_classes(
    axes: Axes, classes: Sequence[Sequence[ClassRow]], styles: Sequence[SeriesStyle]
) -> None:
    order = sorted(
        range(len(classes[0])), key=lambda c: sum(rows[c].annotators for rows in classes)
    )
    band_rows(axes, len(order))
    for place, (rows, style) in enumerate(zip(classes, styles, strict=True)):
        # Markers of a row are shifted vertically, the first series on top.
        shift = 0.7 * (0.5 - (place + 0.5) / len(classes))
        for y, c in enumerate(order):
            filled = max(rows[c].annotators, LEAST_PERCENT)
            extended = rows[c].extended
            if extended is not None:
                hollow = max(extended, LEAST_PERCENT)
                between = [filled, hollow], [y + shift] * 2
                axes.plot(*between, color=style.colour, linewidth=1, alpha=0.5)
                _mark(axes, hollow, y + shift, style, "white")
            _mark(axes, filled, y + shift, style, style.colour)
    share_axes(axes, [classes[0][c].name for c in order], "Share of the labels [%]")


def _mark(axes: Axes, x: float, y: float, style: SeriesStyle, face: str) -> None:
    axes.plot(x, y, style.marker, color=style.colour, mfc=face, markersize=MARKER)


def _draw_coverage(axes: Axes, rows: Sequence[CoverageRow], style: SeriesStyle) -> None:
    known = [(row.round, row.annotators.mean) for row in rows if row.annotators is not None]
    both = [
        (row.round, row.annotators.mean + row.extended.mean)
        for row in rows
        if row.annotators is not None and row.extended is not None
    ]
    for points, line, face in ((both, "--", "white"), (known, "-", style.colour)):
        axes.plot(
            [index for index, _ in points],
            [percent for _, percent in points],
            color=style.colour,
            linestyle=line,
            marker=style.marker,
            mfc=face,
            markersize=MARKER,
        )


def _legend(labels: Sequence[str], styles: Sequence[SeriesStyle]) -> list[Line2D]:
    series = [
        Line2D([], [], color=style.colour, marker=style.marker, linestyle="none", label=label)
        for label, style in zip(labels, styles, strict=True)
    ]
    kinds = (("annotators", "-", INK), ("extended (right: both together)", "--", "white"))
    return [
        *(series if len(series) > 1 else []),
        *(
            Line2D(
                [],
                [],
                color=INK if len(series) > 1 else styles[0].colour,
                linestyle=line,
                marker="o",
                markersize=MARKER,
                mfc=face if face == "white" or len(series) > 1 else styles[0].colour,
                label=label,
            )
            for label, line, face in kinds
        ),
    ]
