"""Joining or starting Ray, and dividing what it has."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray

from raysal.engine.base import EngineConfig
from raysal.engine.process import cores
from raysal.errors import ClusterError

# A share of a logical CPU: what limits workers is how many there are, not Ray's bookkeeping.
# Actors that hold whole CPUs leave none for the reads that feed them, and all wait for ever.
WORKER_CPUS = 0.25
OBJECT_STORE_BYTES = 512 << 20

# Set before Ray or OpenMP start; on a cluster they reach the workers by the runtime environment.
WORKER_ENVIRONMENT = {
    # Threads that spin while waiting starve each other once two processes share a core.
    "OMP_WAIT_POLICY": "PASSIVE",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
DRIVER_ENVIRONMENT = {
    **WORKER_ENVIRONMENT,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


@dataclass(frozen=True)
class Plan:
    """How the work is divided.

    Attributes:
        threads: arithmetic threads of a scoring worker; `train_threads` of a training worker.
    """

    gpus: bool
    train_workers: int
    train_threads: int
    score_actors: int
    threads: int


def connect(config: EngineConfig) -> bool:
    """Join the cluster that is named, or the one already joined, or start one on this machine.

    Returns:
        Whether this call started or joined Ray, so that the caller has to leave it.

    Raises:
        ClusterError: there is no such cluster.
    """
    if ray.is_initialized():
        return False
    for name, value in DRIVER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    quiet: dict[str, Any] = {
        "log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True,
    }  # fmt: skip
    address = config.address or os.environ.get("RAY_ADDRESS")
    with warnings.catch_warnings(), _silenced_stderr():
        warnings.simplefilter("ignore")
        if address:
            try:
                ray.init(address=address, runtime_env={"env_vars": WORKER_ENVIRONMENT}, **quiet)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                raise ClusterError(
                    f"no Ray cluster at '{address}' ({str(error).splitlines()[0]}); start one "
                    "with 'ray start --head', or leave engine.address and RAY_ADDRESS unset"
                ) from error
        else:
            # A cluster of our own on this machine needs no token, and must not leave one behind
            # that later commands would ask for.
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")
            # Nor is anything preempted here; watching for it costs a process per training.
            os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
            ray.init(
                num_cpus=max(4, cores() + 2),
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **quiet,
            )
    _set_up_data(config)
    return True


def plan(config: EngineConfig) -> Plan:
    """Divide the cluster's resources, leaving room for what feeds the workers.

    Raises:
        ClusterError: fewer GPUs or CPUs than the workers asked for.
    """
    resources = ray.cluster_resources()
    gpus, cpus = int(resources.get("GPU", 0)), resources.get("CPU", 0.0)
    nodes = max(1, sum(1 for node in ray.nodes() if node["Alive"]))
    train_workers = config.train_workers if config.train_workers != "auto" else max(1, gpus)
    if gpus and train_workers > gpus:
        raise ClusterError(
            f"engine.train_workers is {train_workers}, but the cluster has {gpus} GPU(s)"
        )
    here = cores()
    score_actors = config.score_actors
    if score_actors == "auto":
        score_actors = gpus or here * nodes
    if gpus and score_actors > gpus:
        raise ClusterError(
            f"engine.score_actors is {score_actors}, but the cluster has {gpus} GPU(s)"
        )
    if WORKER_CPUS * max(score_actors, train_workers) > cpus - 1:
        raise ClusterError(
            f"{max(score_actors, train_workers)} workers need {WORKER_CPUS} CPU each and one CPU "
            f"must stay free to feed them, but the cluster has {cpus:g}; lower "
            "engine.score_actors or engine.train_workers"
        )
    return Plan(
        gpus=gpus > 0,
        train_workers=train_workers,
        train_threads=_share(config, here, -(-train_workers // nodes)),
        score_actors=score_actors,
        threads=_share(config, here, -(-score_actors // nodes)),
    )


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Ray's core tells on stderr that it was told to be quiet; what matters it raises."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _share(config: EngineConfig, here: int, workers_per_node: int) -> int:
    if config.threads != "auto":
        return config.threads
    return max(1, here // workers_per_node)


def _set_up_data(config: EngineConfig) -> None:
    """Progress is the driver's own; Ray's loggers keep to errors; nothing hangs for ever."""
    context = ray.data.DataContext.get_current()
    context.execution_no_progress_timeout_s = config.no_progress_timeout_s
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray.train", "ray._private", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)
