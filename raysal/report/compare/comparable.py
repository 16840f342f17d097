"""Whether a difference between runs can be one between their strategies."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from raysal.errors import RunError
from raysal.experiment.query import read_query
from raysal.report.runs.measured_on import check_same_images
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series
from raysal.report.runs.settings import decisive

SAME = {
    "data.size": "images of one size",
    "model.name": "one network",
    "model.arch": "one network",
    "model.encoder": "one backbone",
    "model.factory": "one network",
    "model.weights": "the same initial weights",
    "model.output_stride": "one network",
    "al.initial": "equally many initial labels",
    "al.start": "the same initial labels",
    "al.budget": "one budget",
    "al.budget_unit": "one budget",
}
"""Settings that must be the same, by dotted key, and what to compare instead."""
STRATEGY = ("acquisition", "rga", "cle", "al.candidate_ratio")
"""Settings in which strategies differ by their nature."""
KEYS_SHOWN = 6


def check_comparable(series: Sequence[Series]) -> None:
    """Check that runs differ in their strategy, not in what they begin with and are measured on.

    Raises:
        RunError: two runs have other test images, networks, initial weights, budgets or, with the
            same seed, initial labels; the message names both and the difference.
    """
    runs = [run for one in series for run in one.runs]
    check_same_images(runs)
    settings = [(run, decisive(run)) for run in runs]
    first, own = settings[0]
    for other, theirs in settings[1:]:
        for key, instead in SAME.items():
            if own.get(key) != theirs.get(key):
                raise RunError(
                    f"{first.name} and {other.name} cannot be compared: {key} is "
                    f"{_shown(own.get(key))} in one and {_shown(theirs.get(key))} in the other; "
                    f"compare runs with {instead}"
                )
    by_seed: dict[int, tuple[RunData, frozenset[Any]]] = {}
    for run in runs:
        labels = _initial(run)
        if labels is None:
            continue
        begun, same = by_seed.setdefault(run.seed, (run, labels))
        if labels != same:
            raise RunError(
                f"{begun.name} and {run.name} cannot be compared: they have the seed {run.seed}, "
                f"but {len(labels - same)} of {len(labels)} initial labels differ; compare runs "
                "that began with the same ones"
            )


def other_settings(series: Sequence[Series]) -> str | None:
    """A note on settings apart from the strategy in which series differ; None if there are none."""
    settings = [decisive(one.runs[0]) for one in series]
    keys = dict.fromkeys(itertools.chain.from_iterable(settings))
    differing = [
        key
        for key in keys
        if not any(key == name or key.startswith(f"{name}.") for name in STRATEGY)
        and len({_shown(own.get(key)) for own in settings}) > 1
    ]
    if not differing:
        return None
    more = f" and {len(differing) - KEYS_SHOWN} more" if len(differing) > KEYS_SHOWN else ""
    return (
        f"What is compared differs in more than the strategy: {', '.join(differing[:KEYS_SHOWN])}"
        f"{more}. A difference in mIoU may be due to these."
    )


def _initial(run: RunData) -> frozenset[Any] | None:
    """The rectangles that were labelled first; None if the run does not tell."""
    here = run.layout.initial
    if not here.query_file.exists():
        return None
    asks = read_query(here.query)
    return frozenset((ask.image_id, ask.row, ask.col, ask.height, ask.width) for ask in asks)


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
