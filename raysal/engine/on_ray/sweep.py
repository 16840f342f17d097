"""Many experiments on Ray Tune."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.asha import RoundsAsha
from raysal.engine.on_ray.cluster import WORKER_CPUS, Plan, connect, plan, train_threads
from raysal.engine.on_ray.polling import polled
from raysal.engine.on_ray.trial import POLL_S, TRIAL_CPUS, watch_experiment
from raysal.engine.sweep import Problem, SweepJob, SweepWatch, attempt
from raysal.errors import ClusterError
from raysal.inference.process import tune_process
from raysal.storage.atomic import write_bytes

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # The new one prints even when told to be quiet.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # The records are the experiments' own.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends a sweep, as it ends a run.
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # The last report has no metric.
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # Tune's own state is not what a sweep resumes from.
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}


def run_on_ray(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    """See `run_experiments`."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ours = connect(config)
    try:
        shared = config.model_copy(update={"side_by_side": job.concurrency})
        there_is = plan(shared)
        _check_room(job, there_is)
        threads = train_threads(there_is, shared, job.train_workers)
        shutil.rmtree(job.folder, ignore_errors=True)  # Of a sweep that was killed.
        notes = job.folder / "notes"
        notes.mkdir(parents=True)
        work = cloudpickle.dumps(partial(_do, job, shared, threads))
        trial = tune.with_parameters(watch_experiment, work=work, folder=str(notes))
        follow = _Follow(watch)
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
        shutil.rmtree(job.folder, ignore_errors=True)
        if ours:
            ray.shutdown()


def _check_room(job: SweepJob, there_is: Plan) -> None:
    """Whether all that runs at a time finds room, with a CPU to spare for what feeds it."""
    cpus = ray.cluster_resources().get("CPU", 0.0)
    workers = max(there_is.score_actors, job.train_workers)
    each = workers * WORKER_CPUS + TRIAL_CPUS
    room = int((cpus - 1) / each)
    if job.concurrency > room:
        raise ClusterError(
            f"sweep.concurrency is {job.concurrency}, but the cluster's {cpus:g} CPUs have room "
            f"for {room} experiments of {workers} worker(s) at a time"
        )


def _do(
    job: SweepJob, config: EngineConfig, threads: int, name: str, notes: str
) -> tuple[str, str] | None:
    """One whole experiment, driven from here: a task of its own."""
    tune_process(threads)
    with polled(_Notes(lambda: job.so_far(name), Path(notes)).note, POLL_S):
        problem = attempt(job.run, name, config)
    return None if problem is None else (problem.line, problem.trace)


class _Notes:
    """A file that is kept up to date with what an experiment is worth after each round."""

    def __init__(self, so_far: Callable[[], list[float | None]], path: Path) -> None:
        self._so_far, self._path = so_far, path
        self._written: list[float | None] = []

    def note(self) -> None:
        """Write it if there is more."""
        with contextlib.suppress(OSError):  # The experiment itself will meet it.
            if (values := self._so_far()) != self._written:
                write_bytes(self._path, json.dumps(values).encode())
                self._written = values


class _Follow(tune.Callback):
    """Hands on what trials report.

    Attributes:
        error: the first that the watch raised, such as a full disk; Tune would take it for the
            trial's.
    """

    def __init__(self, watch: SweepWatch) -> None:
        self.watch = watch
        self.error: OSError | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune keeps a copy on disk, which nothing is read from.

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """A round, or the end."""
        name = result["name"]
        if "ended" not in result:
            self._tell(partial(self.watch.recorded, name, result["round"]))
            return
        problem = None if result["problem"] is None else Problem(*result["problem"])
        self._tell(partial(self.watch.ended, name, problem))

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        """The trial itself, not its experiment, is lost."""
        problem = Problem("the process that watched it died too often (engine.max_failures)")
        self._tell(partial(self.watch.ended, trial.config["name"], problem))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except OSError as error:
            self.error = self.error or error
