"""The style of all figures, and how to save them; no global state of matplotlib is changed."""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
from matplotlib import font_manager
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
# Fonts with the letters of many scripts, which are used if they are installed.
SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC", "SimHei",
    "Hiragino Sans", "Yu Gothic", "IPAexGothic", "Malgun Gothic", "NanumGothic",
    "Apple SD Gothic Neo", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
    "Noto Sans Thai", "Noto Sans", "Arial Unicode MS", "Droid Sans Fallback", "Unifont",
)  # fmt: skip
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
        "font.family": ["DejaVu Sans", *other_fonts()],
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
    with matplotlib.rc_context(settings), _no_glyph_warnings():
        yield


@functools.cache
def other_fonts() -> tuple[str, ...]:
    """The installed fonts of `SCRIPTS`, which letters that DejaVu lacks are taken from."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in SCRIPTS if name in installed)


def undrawable(texts: Iterable[str]) -> list[str]:
    """The texts that no font has all letters of, in order and without repetitions."""
    known: set[int] = set()
    for name in ("DejaVu Sans", *other_fonts()):
        known |= font_manager.get_font(font_manager.findfont(name)).get_charmap().keys()
    return [text for text in dict.fromkeys(texts) if any(ord(c) not in known for c in text)]


@contextmanager
def _no_glyph_warnings() -> Iterator[None]:
    """Matplotlib warns of every letter in every figure; a report says it once, in its notes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def png(figure: Figure) -> bytes:
    """The figure as PNG, enlarged if a text would be cut off."""
    buffer = io.BytesIO()
    with _no_glyph_warnings():
        figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG with text as text; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "raysal"}),
        _no_glyph_warnings(),
    ):
        figure.savefig(
            buffer, format="svg", bbox_inches="tight", pad_inches=0.12, metadata={"Date": None}
        )
    return buffer.getvalue()
