"""One look for all figures: colours, markers, sizes; bytes out, no global figure state."""

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

# Okabe and Ito's palette, told apart under the common colour blindnesses; its yellow is left out
# for it is too faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")
# Markers repeat the distinction for prints in grey.
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
# Legends with a label of more characters than this have one column.
LONG_LABEL = 26


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn, the same in every figure and on the page."""

    colour: str
    marker: str
    line: str


def series_style(index: int) -> SeriesStyle:
    """The style of the series at this place; seven colours, then the same with other dashes."""
    turn, place = divmod(index, len(COLOURS))
    return SeriesStyle(COLOURS[place], MARKERS[place], LINES[turn % len(LINES)])


@contextmanager
def figure_style() -> Iterator[None]:
    """Within it, figures are light, with thin axes; names are drawn as they are spelt."""
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
    """The figure as PNG, grown where a text would stand outside."""
    buffer = io.BytesIO()
    with _no_glyph_warnings():
        figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG, letters as letters; the same bytes for the same figure."""
    buffer = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "raysal"}),
        _no_glyph_warnings(),
    ):
        figure.savefig(
            buffer, format="svg", bbox_inches="tight", pad_inches=0.12, metadata={"Date": None}
        )
    return buffer.getvalue()
