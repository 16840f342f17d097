"""Group the trials of a sweep that differ only in the seed, with statistics over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raysal.report.draw.format import NOT_MEASURED, setting
from raysal.report.draw.table import Cell, Table
from raysal.report.runs.read import read_run
from raysal.report.runs.series import Series, Spread, spread
from raysal.report.runs.settings import is_full
from raysal.sweep.config import VARIANT, SweepConfig, value_text
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import Sweep

DIGITS = 2


@dataclass(frozen=True)
class Group:
    """Trials with the same values of the parameters.

    Attributes:
        label: such as `levels=4`.
        values: of the parameters, by path.
        metric: in percent, over the seeds that have it; None if none has.
    """

    label: str
    values: Mapping[str, Any]
    results: tuple[TrialResult, ...]
    metric: Spread | None

    @property
    def measured(self) -> bool:
        """Whether any of its recorded rounds was measured; true if none is recorded."""
        records = [record for result in self.results for record in result.records]
        return not records or any(record.measured for record in records)

    @property
    def whole(self) -> bool:
        """Whether all its trials have finished."""
        return all(result.status == "finished" for result in self.results)


def groups(sweep: Sweep, results: Sequence[TrialResult]) -> tuple[Group, ...]:
    """All groups, in the order of the trials."""
    members: dict[str, list[TrialResult]] = {}
    for result in results:
        values = result.trial.values
        label = ", ".join(
            str(value) if key == VARIANT else f"{sweep.labels[key]}={setting(value)}"
            for key, value in values.items()
        )
        members.setdefault(label or sweep.name, []).append(result)
    return tuple(
        Group(label, found[0].trial.values, tuple(found), _metric(found))
        for label, found in members.items()
    )


def varied(sweep: Sweep, found: Sequence[Group]) -> tuple[str, ...]:
    """Paths of the parameters that have more than one value."""
    return tuple(
        path
        for path in sweep.config.axes
        if len({value_text(group.values[path]) for group in found}) > 1
    )


def metric_words(config: SweepConfig) -> str:
    """Name and unit of the metric, for an axis."""
    if config.at is not None:
        return f"mIoU at {config.at.number:g} {config.at.unit} [%]"
    if config.metric == "auc_miou":
        return f"AUC over {config.cost_unit}, as mIoU [%]"
    return "mIoU of the last round [%]"


def group_table(sweep: Sweep, found: Sequence[Group]) -> Table:
    """Metric in percent per group: mean over seeds, and sample standard deviation (n - 1)."""
    labels = list(sweep.labels.values())
    rows: list[tuple[Cell, ...]] = []
    for group in found:
        values = [setting(value) for value in group.values.values()]
        m = group.metric
        numbers = (_no_metric(group), None) if m is None else (_text(m.mean), _text(m.std))
        rows.append((*values, *numbers, 0 if m is None else m.n, _statuses(group)))
    return Table((*labels, sweep.config.metric, "std", "n", "trials"), tuple(rows))


def curves(found: Sequence[Group]) -> tuple[Series, ...]:
    """The groups as series, for learning curves; trials without a recorded round are left out.

    Raises:
        DataError: damaged files in a trial.
    """
    series = []
    for group in found:
        runs = []
        for result in group.results:
            if result.records:
                run = read_run(result.trial.folder, result.trial.name)
                runs.append(replace(run, rounds=run.rounds[: len(result.records)]))
        if runs:
            full = all(map(is_full, runs))
            told = tuple((k, setting(v)) for k, v in group.values.items() if k != VARIANT)
            name = str(group.values.get(VARIANT, ""))
            series.append(Series(group.label, tuple(runs), full=full, name=name, told=told))
    return tuple(series)


def _no_metric(group: Group) -> str | None:
    return None if group.measured else NOT_MEASURED


def _metric(results: Sequence[TrialResult]) -> Spread | None:
    return spread(None if r.metric is None else 100 * r.metric for r in results)


def _statuses(group: Group) -> str:
    """How many trials have which status, such as `2 finished, 1 failed`."""
    states = [result.status for result in group.results]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:.{DIGITS}f}"
