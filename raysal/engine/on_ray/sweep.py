"""Many experiments on Ray Tune; each is a task of its own, outside of its trial.

A trial holds a sliver of a CPU and watches. What it starts holds nothing at all, and is not in the
trial's placement group, so that the workers of its training and scoring find room.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayError

from raysal.engine.base import EngineConfig
from raysal.engine.on_ray.asha import RoundsAsha
from raysal.engine.on_ray.cluster import WORKER_CPUS, Plan, connect, plan, train_threads
from raysal.engine.process import tune_process
from raysal.engine.sweep import Problem, SweepJob, SweepWatch, attempt
from raysal.errors import ClusterError

# A trial of none at all is refused.
TRIAL_CPUS = 0.01
POLL_S = 0.5
ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # The new one has a frame around nothing, also when told to be quiet.
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
        experiment = tune.with_parameters(
            _trial, run=job.run, so_far=job.so_far, config=shared, threads=threads
        )
        tune.Tuner(
            tune.with_resources(experiment, {"cpu": TRIAL_CPUS}),
            param_space={"name": tune.grid_search(list(job.names))},
            tune_config=tune.TuneConfig(
                max_concurrent_trials=job.concurrency,
                scheduler=RoundsAsha(job.halving, watch) if job.halving else None,
            ),
            run_config=tune.RunConfig(
                name=uuid.uuid4().hex,
                storage_path=str(job.folder),
                verbose=0,
                callbacks=[_Follow(watch)],
                failure_config=tune.FailureConfig(max_failures=config.max_failures),
            ),
        ).fit()
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


@ray.remote(num_cpus=0, scheduling_strategy="DEFAULT")
def _experiment(
    run: Callable[[str, EngineConfig], None], name: str, config: EngineConfig, threads: int
) -> Problem | None:
    """One whole experiment, driven from here."""
    tune_process(threads)
    return attempt(run, name, config)


def _trial(
    parameters: dict[str, Any],
    run: Callable[[str, EngineConfig], None],
    so_far: Callable[[str], list[float | None]],
    config: EngineConfig,
    threads: int,
) -> None:
    """Start an experiment and report every round that it records."""
    name = parameters["name"]
    task = _experiment.remote(run, name, config, threads)
    reported, ended = 0, False
    while not ended:
        ended = bool(ray.wait([task], timeout=POLL_S)[0])
        for value in so_far(name)[reported:]:
            reported += 1
            known = {} if value is None else {"value": value}
            tune.report({"name": name, "round": reported, **known})
    try:
        problem = ray.get(task)
    except RayError as error:
        problem = Problem(f"its process died: {str(error).splitlines()[0]}", str(error))
    tune.report({"name": name, "ended": True, "problem": problem})


class _Follow(tune.Callback):
    """Hands on what trials report."""

    def __init__(self, watch: SweepWatch) -> None:
        self.watch = watch

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune keeps a copy on disk, which nothing is read from.

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: Any, **_: Any
    ) -> None:
        if "ended" in result:
            self.watch.ended(result["name"], result["problem"])
        else:
            self.watch.recorded(result["name"], result["round"])

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
        problem = Problem("the process that watched it died too often (engine.max_failures)")
        self.watch.ended(trial.config["name"], problem)
