"""What figures of several pictures have in common: bare axes, and one legend below."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from raysal.report.draw.pictures import RGB
from raysal.report.draw.style import FAINT


def bare(axes: Axes) -> None:
    """No ticks and no grid, but a thin frame."""
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.6)


def add_legend(figure: Figure, entries: Sequence[tuple[str, RGB]], columns: int) -> None:
    """Names and colours below all panels, in so many columns."""
    figure.legend(
        handles=[_patch(name, tone) for name, tone in entries],
        loc="outside lower center",
        ncols=columns,
        fontsize=10,
        handlelength=1.1,
        handleheight=1.1,
        columnspacing=1.2,
    )


def _patch(name: str, tone: RGB) -> Patch:
    parts = tuple(part / 255 for part in tone)
    return Patch(facecolor=parts, edgecolor=FAINT, linewidth=0.5, label=name)
