"""Where a run is, in a few words for people who label."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from raysal.annotate.tool.workplace import RunState
from raysal.errors import RaysalError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.own_files import draft_of, rounds_on_disk
from raysal.experiment.record import Record, read_records
from raysal.experiment.stop import is_over
from raysal.storage.lock import is_locked

STEPS = {
    "features": "looks for the first images",
    "query": "chooses what to ask",
    "labels": "takes the answers",
    "model": "trains",
    "metrics": "measures how good the model is",
    "adversary": "trains the adversary",
    "scores": "scores the pool",
    "regions": "looks for regions",
    "extended": "extends labels",
    "record": "writes its record",
}
NAMES = {"test": "test images", "val": "validation images", "initial": "the first images"}


def shown_name(query: str) -> str:
    """The name of a query, for people."""
    if query in NAMES:
        return NAMES[query]
    return f"round {int(query.removeprefix('round-'))}"


def run_state(
    layout: RunLayout, config: ExperimentConfig, asked: int, left: int
) -> tuple[RunState, str]:
    """The state of a run that people label, and a line about it.

    Args:
        asked: number of images in open queries.
        left: of them, without an answer that counts.
    """
    with contextlib.suppress(RaysalError):
        records = read_records(layout)
        if not asked and is_over(records, config.al.rounds):
            return "finished", f"the run is finished{_measured(records)}"
    works = is_locked(layout.root)
    if left:
        return "asks", "waits for your labels"
    if not works:
        what = "all is labelled" if asked else "the run has stopped"
        return "stopped", f"{what}: start `raysal run` again, and it goes on"
    return "works", next(_steps(layout), "all is labelled; the run goes on")


def _measured(records: list[Record]) -> str:
    found = [record.miou for record in records if record.miou is not None]
    return f": mIoU {100 * found[-1]:.2f} % in the last of {len(records)} rounds" if found else ""


def _steps(layout: RunLayout) -> Iterator[str]:
    """What is being computed."""
    folders: list[QueryLayout] = [*layout.first_queries, *rounds_on_disk(layout)]
    for here in folders:
        for stage in here.all_stages():
            if draft_of(stage).exists() and not stage.exists() and stage.name in STEPS:
                yield f"{shown_name(here.name)}: the run {STEPS[stage.name]}"
