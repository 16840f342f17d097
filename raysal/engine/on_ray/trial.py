"""A trial of Ray Tune: it holds a sliver of a CPU, starts a whole experiment, and watches.

What it starts holds nothing at all, and is not in the trial's placement group, so that the workers
of its training and scoring find room. Every trial is a process of its own: nothing that is slow to
import is imported here, and the work travels through it as bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.exceptions import RayError

# A trial of none at all is refused.
TRIAL_CPUS = 0.01
POLL_S = 0.5


@ray.remote(num_cpus=0, scheduling_strategy="DEFAULT")
def experiment(work: bytes, name: str, notes: str) -> tuple[str, str] | None:
    """Do the pickled work; what it returns: a line and a traceback if it failed."""
    problem: tuple[str, str] | None = cloudpickle.loads(work)(name, notes)
    return problem


def watch_experiment(parameters: dict[str, Any], work: bytes, folder: str) -> None:
    """Report every round that the experiment notes, and in the end how it ended.

    Args:
        folder: for the notes, seen by all machines.
    """
    name = parameters["name"]
    notes = Path(folder) / f"{name}.json"
    task = experiment.remote(work, name, str(notes))
    reported, ended = 0, False
    while not ended:
        ended = bool(ray.wait([task], timeout=POLL_S)[0])
        values = json.loads(notes.read_text()) if notes.exists() else []
        for value in values[reported:]:
            reported += 1
            known = {} if value is None else {"value": value}
            tune.report({"name": name, "round": reported, **known})
    try:
        problem = ray.get(task)
    except RayError as error:
        problem = f"its process died: {str(error).strip().splitlines()[-1]}", str(error)
    tune.report({"name": name, "ended": True, "problem": problem})
