"""The comparison of some series: numbers, verdicts and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysal.errors import RunError
from raysal.report.compare.by import CompareBy
from raysal.report.compare.comparable import check_comparable, other_settings
from raysal.report.compare.match import Matched, counted, match
from raysal.report.compare.rival import efficiency_of, rival_of
from raysal.report.compare.words import in_one, limits, of_pair
from raysal.report.cost_unit import CostUnit
from raysal.report.runs.series import Series, Spread, spread
from raysal.report.statistics.efficiency import Efficiency
from raysal.report.statistics.verdict import Pair, explain, judge


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds; all mIoU are in percent.

    Attributes:
        labels: of the series, best mean first; `Pair.first` and `second` count in this order.
        matched: the numbers that are judged, in the same order.
        other_units: the same over every other unit that all runs count.
        efficiencies: against `rival`; None for itself, and if it cannot be computed.
        rival: its label; None if there is no random selection among the series.
        sentences: one for each pair.
        summary: one for all.
        notes: what limits the comparison.
    """

    labels: tuple[str, ...]
    runs: tuple[int, ...]
    matched: Matched
    other_units: tuple[Matched, ...]
    pairs: tuple[Pair, ...]
    efficiencies: tuple[Efficiency | None, ...]
    rival: str | None
    sentences: tuple[str, ...]
    summary: str
    notes: tuple[str, ...]

    def spread(self, place: int, matched: Matched | None = None) -> Spread | None:
        """The numbers of one series over its seeds; None if it has none."""
        values_N = (matched or self.matched).value_SN[place]
        return spread(float(value) for value in values_N if np.isfinite(value))


def compare(
    series: Sequence[Series],
    unit: CostUnit = CostUnit.images,
    by: CompareBy = CompareBy.auc,
    against: str | None = None,
) -> Comparison:
    """Compare series with one another.

    Args:
        unit: of the cost over which curves are reduced to the numbers that are judged.
        against: label of the series that label efficiency refers to, or name of one of its runs;
            by default random images.

    Raises:
        RunError: fewer than two series; runs that cannot be compared; a unit that is not counted.
    """
    if len(series) < 2:
        raise RunError(
            "there is one strategy only, so nothing to compare; give runs of two or more"
        )
    check_comparable(series)
    units = counted(series)
    if unit not in units:
        raise RunError(f"not all runs count {unit}; compare over {' or '.join(units)} (--x)")
    rival = rival_of(series, against)
    ordered = _best_first(series, match(series, unit, by))
    matched = match(ordered, unit, by)
    judged = judge(matched.value_SN)
    tested = sum(pair.tested for pair in judged)
    pairs = tuple(explain(pair, matched.value_SN, tested) for pair in judged)
    labels = tuple(one.label for one in ordered)
    others = tuple(match(ordered, other, by) for other in units if other is not unit)
    notes = [*limits(labels, ordered, matched, pairs)]
    if (differing := other_settings(series)) is not None:
        notes.append(differing)
    return Comparison(
        labels=labels,
        runs=tuple(len(one.runs) for one in ordered),
        matched=matched,
        other_units=others,
        pairs=pairs,
        efficiencies=tuple(
            None if rival is None else efficiency_of(one, rival, unit) for one in ordered
        ),
        rival=None if rival is None else rival.label,
        sentences=tuple(of_pair(pair, labels, matched, tested) for pair in pairs),
        summary=in_one(pairs, labels),
        notes=tuple(notes),
    )


def _best_first(series: Sequence[Series], matched: Matched) -> tuple[Series, ...]:
    found = [spread(v for v in row if np.isfinite(v)) for row in matched.value_SN.tolist()]
    means = [-1.0 if s is None else s.mean for s in found]
    places = sorted(range(len(series)), key=lambda s: -means[s])
    return tuple(series[place] for place in places)
