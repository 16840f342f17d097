"""Whether the rules of `al.stop` end an experiment after a round."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.experiment.answered import query_costs
from raysal.experiment.budget import Budget
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import Cost, total
from raysal.experiment.layout import RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.record import Record, read_records
from raysal.experiment.stop import Stop
from raysal.experiment.stop_config import StopConfig

ROUNDS = 2


def due(
    rule: StopConfig | None, budget: Budget, mious: Sequence[float | None], labelled: Cost
) -> Stop | None:
    """Why an experiment ends after its latest round; None if it goes on.

    Args:
        rule: None never ends it.
        budget: of the next query.
        mious: of all rounds so far, in [0, 1]; None where a round was not measured.
        labelled: cost of the labels that the latest model was trained on.
    """
    if rule is None:
        return None
    known = [miou for miou in mious if miou is not None]
    if rule.miou is not None and mious[-1] is not None and mious[-1] >= rule.miou:
        return Stop(f"mIoU {100 * mious[-1]:.2f} has reached al.stop.miou = {rule.miou:g}")
    rounds = rule.rounds or ROUNDS
    if rule.gain_below is not None and len(known) > rounds:
        gain = max(known[-rounds:]) - max(known[:-rounds])
        if gain < rule.gain_below:
            return Stop(
                f"the last {rounds} rounds gained {100 * gain:+.2f} points of mIoU, less than "
                f"al.stop.gain_below = {rule.gain_below:g}"
            )
    if rule.budget is not None:
        spent, most = labelled.in_unit(budget.unit), _at_most(budget)
        # Sums of fractions of images differ from whole numbers by rounding errors.
        if spent + most > rule.budget + 1e-6:
            return Stop(
                f"{spent:g} {budget.unit} are labelled, and {most:g} more would exceed "
                f"al.stop.budget = {rule.budget}"
            )
    return None


def due_after(records: Sequence[Record], config: ExperimentConfig) -> Stop | None:
    """The same after the last of some records, with the present settings."""
    mious = [record.miou for record in records]
    return due(config.al.stop, config.budget, mious, records[-1].labelled)


def due_in(layout: RunLayout, index: int, rule: StopConfig | None, budget: Budget) -> Stop | None:
    """The same in the round after those that have a record, whose model is measured.

    Raises:
        DataError: a record, metrics or a query are damaged.
    """
    if rule is None:
        return None
    mious = [record.miou for record in read_records(layout)[:index]]
    labelled = [cost for query in layout.queries(index) for cost in query_costs(query)]
    mious.append(Metrics.read(layout.round(index).metrics).miou)
    return due(rule, budget, mious, total(labelled))


def _at_most(budget: Budget) -> float:
    """The most that a query can cost, in its unit: image equivalents are rounded to regions."""
    if budget.unit == "images" and budget.pixels is not None:
        return budget.pixels / (budget.size[0] * budget.size[1])
    return float(budget.amount)
