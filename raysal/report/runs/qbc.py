"""QBC as DEAL reports it: the better of its two measures, from two sets of runs.

DEAL (section 4.2) votes with dropout passes, measures disagreement by the entropy of the mean
probabilities and by the variation ratio, and shows the better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from raysal.report.runs.series import Series, Spread, spread
from raysal.report.runs.settings import decisive

STRATEGY, MEASURE, DEFAULT = "mc_dropout", "acquisition.measure", "mean_entropy"
MEASURES = (DEFAULT, "variation_ratio")
LABEL = "QBC (better of two measures)"


@dataclass(frozen=True)
class Joined:
    """Series in the order given, and a note on each pair of measures, or on why there is none."""

    series: tuple[Series, ...]
    notes: tuple[str, ...]


def better_of_measures(series: Sequence[Series]) -> Joined:
    """Join runs of `mc_dropout` that differ only in their measure, of the two: the better series
    stays, under the name `LABEL`, and the other one is left out.

    The better one is that with the higher mIoU in the last round that both have, as a mean over the
    seeds that both have.
    """
    kinds = [(one, _kind(one)) for one in series]
    pairs = [
        (one, other)
        for one, kind in kinds
        for other, others in kinds
        if kind is not None
        and others is not None
        and (kind[0], others[0]) == MEASURES
        and kind[1] == others[1]
    ]
    kept = {id(one): one for one in series}
    notes: list[str] = []
    for pair in pairs:
        found = _compared(*pair)
        if found is None:
            labels = " and ".join(one.label for one in pair)
            notes.append(
                f"{labels} have no measured round and seed in common, so they are not joined."
            )
            continue
        better, worse, note = found
        label = LABEL if len(pairs) == 1 else f"{LABEL}, {better.label}"
        kept[id(better)] = replace(better, label=label)
        del kept[id(worse)]
        notes.append(note)
    if not pairs:
        notes.append(
            "QBC is not joined: there are no runs of mc_dropout with both measures, mean_entropy "
            "and variation_ratio, that are otherwise alike."
        )
    return Joined(tuple(kept[id(one)] for one in series if id(one) in kept), tuple(notes))


def _kind(one: Series) -> tuple[str, dict[str, str]] | None:
    """The measure of runs of `mc_dropout` and their other settings; None for other runs."""
    run = one.runs[0]
    settings = decisive(run)
    if one.full or run.changes or settings.get("acquisition.name") != STRATEGY:
        return None
    measure = settings.get(MEASURE, DEFAULT)
    return measure, {key: value for key, value in settings.items() if key != MEASURE}


def _compared(one: Series, other: Series) -> tuple[Series, Series, str] | None:
    """The better one, the worse one and a note; None if there is nothing to compare."""
    seeds = {run.seed for run in one.runs} & {run.seed for run in other.runs}
    for index in sorted({*one.indices} & {*other.indices}, reverse=True):
        a, b = (_miou(each, index, seeds) for each in (one, other))
        if a is None or b is None or a.n != b.n:
            continue
        (high, better), (low, worse) = ((a, one), (b, other)) if a.mean >= b.mean else (
            (b, other), (a, one),
        )  # fmt: skip
        where = f"in round {index}, a mean over {high.n} seed{'s' if high.n > 1 else ''}"
        return better, worse, _note(better, worse, f"{high.mean:.2f}", f"{low.mean:.2f}", where)
    return None


def _note(better: Series, worse: Series, high: str, low: str, where: str) -> str:
    """Which measure is shown and why; mIoU as texts, which are equal for differences not shown."""
    if high == low:
        return (
            f"QBC is shown by {better.label}; {worse.label} is equally good: {high} % mIoU {where}."
        )
    return (
        f"QBC is shown as the better of its two measures, as DEAL does: {better.label} with "
        f"{high} rather than {worse.label} with {low} % mIoU {where}. It is chosen by the "
        "images that it is measured on, which favours it a little."
    )


def _miou(one: Series, index: int, seeds: set[int]) -> Spread | None:
    """mIoU in percent of a round, over the runs of some seeds."""
    rounds = (run.round(index) for run in one.runs if run.seed in seeds)
    known = (data.metrics.miou for data in rounds if data is not None)
    return spread(100 * miou for miou in known if miou is not None)
