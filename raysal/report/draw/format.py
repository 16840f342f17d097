"""Numbers as people read them."""

from __future__ import annotations

NOTHING = "–"


def percent(value: float | None, digits: int = 1) -> str:
    """A value already in percent, without the sign."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def share(value: float | None) -> str:
    """A share in percent down to hundredths, so that rare classes do not read 0.0."""
    if value is None:
        return NOTHING
    return "< 0.01" if 0 < value < 0.005 else f"{value:.2f}"


def count(value: float | None) -> str:
    """A number of things: 160, 12.5, 3,456, 27.6 M."""
    if value is None:
        return NOTHING
    if value >= 1e7:
        return f"{value / 1e6:,.1f} M"
    # Sums of fractions of images miss whole numbers by a hair.
    whole = round(float(value), 6).is_integer() or value >= 100
    return f"{value:,.0f}" if whole else f"{value:,.1f}"


def duration(seconds: float | None) -> str:
    """0.04 s, 12.3 s, 4 min 05 s, 2 h 03 min."""
    if seconds is None:
        return NOTHING
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"
