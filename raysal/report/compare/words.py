"""Sentences on what a comparison shows and what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from raysal.report.compare.by import CompareBy
from raysal.report.compare.match import Matched
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.format import count, duration, signed
from raysal.report.runs.series import Series
from raysal.report.statistics.paired import least_wilcoxon
from raysal.report.statistics.verdict import ALPHA, FEWEST_SEEDS, Pair


def of_pair(pair: Pair, labels: Sequence[str], matched: Matched, tested: int) -> str:
    """One sentence, or two, on a pair.

    Args:
        tested: number of pairs that are tested.
    """
    one, other = labels[pair.first], labels[pair.second]
    if pair.mean is None:
        return f"No verdict on {one} and {other}: they have no seed in common."
    if not pair.tested:
        seen = f"the difference seen is {signed(pair.mean)} points"
        return (
            f"No verdict on {one} and {other}: {seeds(pair.n)} in common, and at least "
            f"{FEWEST_SEEDS} are needed ({seen})."
        )
    holm = f" after Holm for {tested} pairs" if tested > 1 else ""
    about = f"95 % interval {interval(pair.low, pair.high)}, {seeds(pair.n)}, {p(pair.p_holm)}"
    if pair.better is not None:
        if pair.better == pair.second:
            one, other = other, one
            about = (
                f"95 % interval {interval(-(pair.high or 0), -(pair.low or 0))}, {seeds(pair.n)}, "
                f"{p(pair.p_holm)}"
            )
        return (
            f"{one} is better than {other}: {abs(pair.mean):+.2f} points of {measure(matched)} "
            f"({about}{holm})."
        )
    return (
        f"Not shown that {one} and {other} differ: {signed(pair.mean)} points ({about}{holm}). "
        f"{_plan(pair)}"
    )


def in_one(pairs: Sequence[Pair], labels: Sequence[str]) -> str:
    """What is and what is not shown, over all pairs."""
    tested = [pair for pair in pairs if pair.tested]
    if not tested:
        return (
            f"No verdict: no two strategies have {FEWEST_SEEDS} seeds in common. Differences "
            "between strategies are often no larger than those between seeds."
        )
    shown = [pair for pair in tested if pair.differs]
    untold = len(pairs) - len(tested)
    rest = f" {untold} of {len(pairs)} pairs have too few seeds for a verdict." if untold else ""
    if not shown:
        what = "the two strategies differ" if len(pairs) == 1 else "any two strategies differ"
        return (
            f"Not shown that {what}. That does not show that they are equal: see how large a "
            f"difference would have been noticed.{rest}"
        )
    alone = _better_than_all(pairs, labels)
    best = (
        f" {alone} is better than all others."
        if alone is not None and len(labels) > 2
        else ""
        if len(labels) == 2
        else " No strategy is shown to be better than all others."
    )
    left = len(tested) - len(shown)
    unshown = (
        f" For {left} of {len(tested)} pairs no difference is shown, which does not mean that "
        "there is none."
        if left
        else ""
    )
    risk = f" At most {100 * ALPHA:g} % of such comparisons call any pair different that is not."
    return f"Shown: {_listed(shown, labels)}.{best}{unshown}{rest}{risk}"


def limits(
    labels: Sequence[str], series: Sequence[Series], matched: Matched, pairs: Sequence[Pair]
) -> Iterator[str]:
    """Notes on what the comparison is based on."""
    if matched.range is not None:
        yield f"Compared by {measure(matched)}: the range of costs that all runs of a seed have."
    without = [
        seed for seed, value in zip(matched.seeds, matched.low_N, strict=True) if np.isnan(value)
    ]
    if without:
        yield (
            f"Seeds {', '.join(map(str, without))} are left out: their runs have no cost of labels "
            "in common, or were not measured."
        )
    alone = [
        f"{label} {', '.join(map(str, own))}"
        for label, one in zip(labels, series, strict=True)
        if (own := [run.seed for run in one.runs if run.seed not in matched.seeds])
    ]
    if alone:
        yield f"Left out, because no other strategy has the seed: {'; '.join(alone)}."
    tested = [pair for pair in pairs if pair.tested]
    if tested:
        fewest = min(pair.n for pair in tested)
        least, many = least_wilcoxon(fewest), len(tested)
        words = (
            "The test is the paired t test, which takes differences between seeds to be normally "
            "distributed."
        )
        if least * many > ALPHA:
            holm = f", or {min(1.0, least * many):.2g} after Holm for {many} pairs"
            words += (
                " Wilcoxon's signed-rank test, which does not, cannot go below "
                f"p = {least:.4g} with {seeds(fewest)}{holm if many > 1 else ''}, so it could show "
                "nothing here."
            )
        yield words


def measure(matched: Matched) -> str:
    """What is compared, such as `mean mIoU over 40 to 100 labelled images`."""
    if matched.range is None:
        return "mIoU"
    low, high = (_amount(value, matched.unit) for value in matched.range)
    unit = "" if matched.unit is CostUnit.seconds else f" {matched.unit.words}"
    if matched.by is CompareBy.final or low == high:
        return f"mIoU at {high}{unit}"
    time = "labelling time from " if matched.unit is CostUnit.seconds else ""
    return f"mean mIoU over {time}{low} to {high}{unit}"


def seeds(n: int) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{n} seed{'' if n == 1 else 's'}"


def interval(low: float | None, high: float | None) -> str:
    """Such as `-0.31 to +1.20`."""
    return "–" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def p(value: float | None) -> str:
    """Such as `p = 0.012`."""
    if value is None:
        return "no p"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _plan(pair: Pair) -> str:
    """How many seeds would show the difference that was seen, and what these seeds would show."""
    least = f"with {pair.n}, only {pair.detectable:.2f} points or more would be"
    if pair.needed is None:
        return (
            f"If the true difference is that small, even 1,000 seeds would not do; {least} shown "
            "four times in five."
        )
    if pair.needed <= pair.n:
        return (
            f"If the true difference is that large, {pair.needed} seeds show it four times in five;"
            " this may be the fifth."
        )
    return (
        f"If the true difference is that large, {pair.needed} seeds ({pair.needed - pair.n} more) "
        f"would show it four times in five; {least}."
    )


def _listed(shown: Sequence[Pair], labels: Sequence[str]) -> str:
    """`DE is better than Random and Entropy; DS is better than Random`."""
    won: dict[int, list[str]] = {}
    for pair in shown:
        assert pair.better is not None
        loser = pair.second if pair.better == pair.first else pair.first
        won.setdefault(pair.better, []).append(labels[loser])
    return "; ".join(
        f"{labels[better]} is better than {_and(losers)}" for better, losers in sorted(won.items())
    )


def _better_than_all(pairs: Sequence[Pair], labels: Sequence[str]) -> str | None:
    for place, label in enumerate(labels):
        own = [pair for pair in pairs if place in (pair.first, pair.second)]
        if all(pair.better == place for pair in own):
            return label
    return None


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _amount(value: float, unit: CostUnit) -> str:
    return duration(value) if unit is CostUnit.seconds else count(value)
