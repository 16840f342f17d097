"""Format numbers and settings for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING = "–"
NOT_MEASURED = "not measured"
UNDEFINED = "undefined"


def percent(value: float | None, digits: int = 1) -> str:
    """A value in percent, without the percent sign."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def miou(value: float | None, measured: bool, digits: int = 1) -> str:
    """An mIoU in percent, without the percent sign, or why there is none."""
    if not measured:
        return NOT_MEASURED
    return UNDEFINED if value is None else f"{value:.{digits}f}"


def signed(value: float) -> str:
    """A difference with two decimal places, such as +0.31; 0.00 has no sign."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text


def share(value: float | None) -> str:
    """A share in percent with two decimal places, so that rare classes are not shown as 0.0."""
    if value is None:
        return NOTHING
    return "< 0.01" if 0 < value < 0.005 else f"{value:.2f}"


def count(value: float | None) -> str:
    """An amount, such as 160, 12.5, 3,456 or 27.6 M."""
    if value is None:
        return NOTHING
    if value >= 1e7:
        return f"{value / 1e6:,.1f} M"
    # Sums of fractions of images differ from whole numbers by rounding errors.
    whole = round(float(value), 6).is_integer() or value >= 100
    return f"{value:,.0f}" if whole else f"{value:,.1f}"


def duration(seconds: float | None) -> str:
    """A time, such as 0.04 s, 12.3 s, 4 min 05 s or 2 h 03 min."""
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


def setting(value: Any) -> str:
    """The value of a setting as it would be written in a configuration file, but shorter."""
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {setting(entry)}" for key, entry in value.items())
    return str(value)
