"""The style of all figures, and how to save them; no global state of matplotlib is changed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

# Okabe and Ito's palette, which is distinguishable with the common colour blindnesses, without its
# yellow, which is too faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")
# Markers make the same distinction in greyscale prints.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", ":", "-.")

INK = "#222222"
FAINT = "#8a8a8a"
UNKNOWN = "#bdbdbd"
WRONG = "#D55E00"
RIGHT = "#e3edf5"
BAND = "#f6f6f3"
DPI = 150
# A legend has one column if one of its labels is longer than this.
LONG_LABEL = 26


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn, the same in every figure and on the page."""

    colour: str
    marker: str
    line: str


def series_style(index: int) -> SeriesStyle:
    """The style of series number `index`; after seven, colours repeat with other line styles."""
    turn, place = divmod(index, len(COLOURS))
    return SeriesStyle(COLOURS[place], MARKERS[place], LINES[turn % len(LINES)])


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and save figures in this style within the block; names are never read as formulas."""
    settings = {
        "text.parse_math": False,
        "text.usetex": False,
        "text.color": INK,
        "font.family": "DejaVu Sans",
        "font.size": 10.5,
        "axes.titlesize": 11,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.8,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "legend.frameon": False,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
    }
    with matplotlib.rc_context(settings):
        yield


def png(figure: Figure) -> bytes:
    """The figure as PNG, enlarged if a text would be cut off."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG with text as text; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "raysal"}):
        figure.savefig(
            buffer, format="svg", bbox_inches="tight", pad_inches=0.12, metadata={"Date": None}
        )
    return buffer.getvalue()
