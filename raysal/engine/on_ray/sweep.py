"""Many experiments on Ray Tune."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.asha import RoundsAsha
from raysal.engine.on_ray.cluster import connect
from raysal.engine.on_ray.plan import WORKER_CPUS, Plan, plan, train_threads
from raysal.engine.on_ray.polling import polled
from raysal.engine.on_ray.private import SWEEP
from raysal.engine.on_ray.trial import POLL_S, TRIAL_CPUS, watch_experiment
from raysal.engine.sweep import Problem, SweepJob, SweepWatch, attempt
from raysal.errors import ClusterError, RunError
from raysal.inference.process import tune_process
from raysal.storage.atomic import write_bytes

# In the folder of Tune's records; whoever finds it knows that raysal made the folder.
MARK = "raysal-sweep.unfinished"


def run_on_ray(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    """See `raysal.engine.build.run_experiments`."""
    for name, value in SWEEP.items():
        os.environ.setdefault(name, value)
    ours = connect(config)
    try:
        shared = config.model_copy(update={"side_by_side": job.concurrency})
        there_is = plan(shared)
        _check_room(job, there_is)
        threads = train_threads(there_is, shared, job.train_workers)
        follow = _Follow(watch)
        with _scratch(job.folder) as notes:
            work = cloudpickle.dumps(partial(_do, job, shared, threads))
            trial = tune.with_parameters(watch_experiment, work=work, folder=str(notes))
            tune.Tuner(
                tune.with_resources(trial, {"cpu": TRIAL_CPUS}),
                param_space={"name": tune.grid_search(list(job.names))},
                tune_config=tune.TuneConfig(
                    max_concurrent_trials=job.concurrency,
                    scheduler=RoundsAsha(job.halving, watch) if job.halving else None,
                ),
                run_config=tune.RunConfig(
                    name=uuid.uuid4().hex,
                    storage_path=str(job.folder),
                    verbose=0,
                    callbacks=[follow],
                    failure_config=tune.FailureConfig(max_failures=config.max_failures),
                ),
            ).fit()
        if follow.error is not None:
            raise follow.error
    finally:
        if ours:
            ray.shutdown()


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Make a folder for Tune's records, with one for notes in it; at the end it is removed.

    Raises:
        RunError: there is a folder of that name that is not of a sweep that was killed.
    """
    mark = folder / MARK
    if folder.exists() and not mark.exists() and not _is_empty(folder):
        raise RunError(
            f"{folder} is needed for records of Ray Tune, but raysal did not make it; move it "
            "elsewhere (if it is of a sweep of an earlier version that was killed: remove it)"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    notes = folder / "notes"
    notes.mkdir()
    try:
        yield notes
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _check_room(job: SweepJob, there_is: Plan) -> None:
    """Check that all concurrent experiments fit, with one CPU left for reading their data."""
    cpus = ray.cluster_resources().get("CPU", 0.0)
    workers = max(there_is.score_actors, job.train_workers)
    each = workers * WORKER_CPUS + TRIAL_CPUS
    room = int((cpus - 1) / each)
    if job.concurrency > room:
        raise ClusterError(
            f"sweep.concurrency is {job.concurrency}, but the cluster's {cpus:g} CPUs have room "
            f"for {room} experiments with {workers} worker(s) each; lower it, or add nodes"
        )


def _do(
    job: SweepJob, config: EngineConfig, threads: int, name: str, notes: str
) -> tuple[str, str] | None:
    """Run one whole experiment in this process, a task of its own; returns its problem."""
    tune_process(threads)
    with polled(_Notes(lambda: job.so_far(name), Path(notes)).note, POLL_S):
        problem = attempt(job.run, name, config)
    return None if problem is None else (problem.line, problem.trace)


class _Notes:
    """Keeps a file up to date with the metric of an experiment after each round."""

    def __init__(self, so_far: Callable[[], list[float | None]], path: Path) -> None:
        self._so_far, self._path = so_far, path
        self._written: list[float | None] = []

    def note(self) -> None:
        """Write the file if there are new values."""
        with contextlib.suppress(OSError):  # The experiment itself will raise it.
            if (values := self._so_far()) != self._written:
                write_bytes(self._path, json.dumps(values).encode())
                self._written = values


class _Follow(tune.Callback):
    """Passes the reports of trials on to the watch.

    Attributes:
        error: the first error that the watch raised, such as a full disk. It is kept here because
            Tune would attribute it to the trial.
    """

    def __init__(self, watch: SweepWatch) -> None:
        self.watch = watch
        self.error: OSError | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune writes a copy to disk, which is never read.

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """A round was recorded, or the experiment has ended."""
        name = result["name"]
        if "ended" not in result:
            self._tell(partial(self.watch.recorded, name, result["round"]))
            return
        problem = None if result["problem"] is None else Problem(*result["problem"])
        self._tell(partial(self.watch.ended, name, problem))

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        """The trial, rather than its experiment, has failed."""
        problem = Problem(
            "the process that watched it died more often than engine.max_failures allows"
        )
        self._tell(partial(self.watch.ended, trial.config["name"], problem))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except OSError as error:
            self.error = self.error or error
