"""The comparison as a part of a page, with its files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raysal.errors import RunError
from raysal.report.compare.by import CompareBy
from raysal.report.compare.comparison import Comparison, compare
from raysal.report.compare.figure import has_intervals, matrix_figure
from raysal.report.compare.tables import as_json, pair_table, strategy_table
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.format import NOTHING
from raysal.report.draw.html import Picture
from raysal.report.runs.series import Series
from raysal.report.statistics.efficiency import Efficiency
from raysal.report.summary.curve import missing_curve

# On the page, more sentences on pairs are folded.
SENTENCES_AT_MOST = 15
BY = {CompareBy.auc: "Mean mIoU", CompareBy.final: "Last mIoU"}


@dataclass(frozen=True)
class CompareSection:
    """What the template `compare.html.j2` shows, and the files with the numbers."""

    comparison: Comparison
    matrix: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """The files by name."""
        return {
            "compare.csv": pair_table(self.comparison).csv().encode(),
            "strategies.csv": strategy_table(self.comparison).csv().encode(),
            "compare.json": as_json(self.comparison),
            "compare.png": self.matrix,
        }

    def values(self) -> dict[str, Any]:
        """The variables of the template."""
        found = self.comparison
        return {
            "comparison": found,
            "intervals": has_intervals(found),
            "sentences": sentences(found),
            "comparison_by": BY[found.matched.by],
            "compared_units": [found.matched, *found.other_units],
            "matrix": Picture(self.matrix, "differences in mIoU between all pairs of strategies"),
            "label_efficiencies": [needed(e) for e in found.efficiencies],
        }


def sentences(found: Comparison) -> tuple[list[str], list[str]]:
    """What is shown of pairs, and the rest; the first has all if there are few."""
    if len(found.pairs) <= SENTENCES_AT_MOST:
        return list(found.sentences), []
    both = list(zip(found.pairs, found.sentences, strict=True))
    return [s for p, s in both if p.differs], [s for p, s in both if not p.differs]


def compare_section(found: Comparison) -> CompareSection:
    """Draw a comparison."""
    return CompareSection(found, matrix_figure(found))


def section_of_report(
    series: Sequence[Series], unit: CostUnit
) -> tuple[CompareSection | None, list[str]]:
    """The comparison for a report, and a note if its runs cannot be compared.

    Both are empty for a single series, and if no two runs of a seed have an mIoU.
    """
    if len(series) < 2 or missing_curve(series) is not None:
        return None, []
    try:
        found = compare(series, unit)
    except RunError as error:
        return None, [f"Not compared in pairs: {error}."]
    if all(pair.mean is None for pair in found.pairs):
        return None, []
    return compare_section(found), []


def needed(e: Efficiency | None) -> str:
    """The share of the rival's labels with its interval, such as `62 [48 to 85]`, in percent."""
    if e is None:
        return NOTHING
    if e.low is None or e.high is None:
        return _percent(e.share)
    return f"{_percent(e.share)} [{_percent(e.low)} to {_percent(e.high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if math.isfinite(share) else "not reached"
