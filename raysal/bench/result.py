"""What a benchmark has measured: figures with units, and ratios to a baseline of the same run."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

Setting = str | int | float | None


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        what: that was measured.
        value: the median, in `unit`; NaN if it cannot be measured here.
        ratio: of the value to that of the figure called `to`, timed in the same run.
        spread: the smallest and the largest measurement.
        at_most, at_least: targets of the value, if there are any.
        of: the case among several that are measured alike, such as a size: cases and figures are
            printed as rows and columns.
    """

    what: str
    value: float
    unit: str
    ratio: float | None = None
    to: str = ""
    spread: tuple[float, float] | None = None
    at_most: float | None = None
    at_least: float | None = None
    of: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the targets are met; None if there are none, or nothing could be measured."""
        if math.isnan(self.value) or (self.at_most is None and self.at_least is None):
            return None
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= self.value <= high


@dataclass(frozen=True)
class Result:
    """All figures of one benchmark.

    Attributes:
        name: of the command: `score` is `raysal bench score`.
        settings: sizes, numbers of measurements, device, precision.
        notes: lines that say how to read the figures.
        wrong: why the figures mean nothing, such as two ways to compute the same that differ.
    """

    name: str
    figures: tuple[Figure, ...]
    settings: dict[str, Setting] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    wrong: str = ""

    def figure(self, what: str, of: str = "") -> Figure:
        """The figure of that name and case.

        Raises:
            KeyError: there is none.
        """
        for each in self.figures:
            if (each.what, each.of) == (what, of):
                return each
        raise KeyError(f"{what} {of}".strip())

    def as_json(self) -> dict[str, Any]:
        """The same, of what JSON has; NaN becomes null."""
        plain = without_nan(asdict(self))
        assert isinstance(plain, dict)
        for stored, figure in zip(plain["figures"], self.figures, strict=True):
            stored["met"] = figure.met
        return plain


def without_nan(value: Any) -> Any:
    """What JSON can hold: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
