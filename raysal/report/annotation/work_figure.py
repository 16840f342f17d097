"""Figure of people's work: seconds per region by query, and time by class and tool."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from raysal.report.annotation.work import RunWork
from raysal.report.draw.style import COLOURS, FAINT, INK, UNKNOWN, figure_style, png

TOOLS_SHOWN = len(COLOURS)
OTHERS = "other tools"
CLASSES_SHOWN = 20
WORDS_IF = 6
"""Titles of more queries than this are turned."""


def work_figure(work: RunWork) -> bytes:
    """PNG: left the seconds per region of each query, right the time of each class by tool."""
    shown = len(work.classes[:CLASSES_SHOWN])
    with figure_style():
        figure = Figure(figsize=(8.4, max(3.2, 1.3 + 0.26 * shown)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
        _draw_regions(left, work)
        _draw_classes(right, work)
        entries = [Patch(color=colour, label=name) for name, colour in _tools(work)]
        figure.legend(handles=entries, loc="outside lower right", ncols=min(4, len(entries)))
        return png(figure)


def _draw_regions(axes: Axes, work: RunWork) -> None:
    """A box from the first to the third quartile, a line at the median, and whiskers that leave out
    a tenth on either side."""
    queries = [query for query in work.queries if query.regions]
    boxes: list[dict[str, Any]] = []
    for query in queries:
        low, first, median, third, high = (
            query.quantile_s(share) for share in (0.1, 0.25, 0.5, 0.75, 0.9)
        )
        boxes.append(
            {"whislo": low, "q1": first, "med": median, "q3": third, "whishi": high, "fliers": []}
        )
    if boxes:
        axes.bxp(
            boxes,
            showfliers=False,
            patch_artist=True,
            widths=0.55,
            boxprops={"facecolor": "#e3edf5", "edgecolor": FAINT},
            medianprops={"color": COLOURS[0], "linewidth": 2},
            whiskerprops={"color": FAINT},
            capprops={"color": FAINT},
        )
    turned = len(queries) > WORDS_IF
    titles = [query.title.replace(" images", "\nimages") for query in queries]
    axes.set_xticks(range(1, len(queries) + 1), titles, rotation=90 if turned else 0, fontsize=9)
    axes.grid(False, axis="x")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Seconds per region")


def _draw_classes(axes: Axes, work: RunWork) -> None:
    names = [effort.name for effort in work.classes[:CLASSES_SHOWN]][::-1]
    minutes = [[s / 60 for s in row] for row in work.by_class[:CLASSES_SHOWN]][::-1]
    start = [0.0] * len(names)
    for place, (name, colour) in enumerate(_tools(work)):
        columns = slice(place, place + 1) if name != OTHERS else slice(place, None)
        width = [sum(row[columns]) for row in minutes]
        axes.barh(range(len(names)), width, left=start, color=colour, height=0.7)
        start = [a + b for a, b in zip(start, width, strict=True)]
    axes.set_yticks(range(len(names)), names, color=INK, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.margins(y=0.02)
    axes.set_xlabel("Minutes")


def _tools(work: RunWork) -> list[tuple[str, str]]:
    """Names and colours, most time first; what has no colour of its own comes last, as one."""
    names = [effort.name or "–" for effort in work.tools]
    if len(names) <= TOOLS_SHOWN:
        return list(zip(names, COLOURS, strict=False))
    own = TOOLS_SHOWN - 1
    return [*zip(names[:own], COLOURS, strict=False), (OTHERS, UNKNOWN)]
