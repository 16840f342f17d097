"""A trial of Ray Tune: starts a whole experiment as a task and reports its progress.

The trial reserves a sliver of a CPU. The task reserves nothing and is outside the trial's placement
group, so that the experiment's own training and scoring workers find room. Each trial is a process
of its own: this file imports nothing slow, and passes the work on as bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.exceptions import RayError

# Tune refuses trials that reserve nothing.
TRIAL_CPUS = 0.01
POLL_S = 0.5


@ray.remote(num_cpus=0, scheduling_strategy="DEFAULT")
def experiment(work: bytes, name: str, notes: str) -> tuple[str, str] | None:
    """Do the pickled work; returns a line and a traceback if it failed."""
    problem: tuple[str, str] | None = cloudpickle.loads(work)(name, notes)
    return problem


def watch_experiment(parameters: dict[str, Any], work: bytes, folder: str) -> None:
    """Report every round that the experiment records, and finally how it ended.

    Args:
        parameters: the trial's, with the `name` of the experiment.
        work: pickled function of (name, path of the notes) that runs the experiment.
        folder: where the experiment notes its progress; all machines see it.
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
