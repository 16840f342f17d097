"""Joining or starting Ray, and dividing what it has."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.nodes import alive_nodes, inventory
from raysal.engine.on_ray.reach import knock
from raysal.engine.on_ray.shipping import runtime_environment
from raysal.errors import ClusterError
from raysal.inference.device import cores

# A share of a logical CPU: what limits workers is how many there are, not Ray's bookkeeping.
# Actors that hold whole CPUs leave none for the reads that feed them, and all wait for ever.
WORKER_CPUS = 0.25
# Where scoring may grow with the cluster, an actor holds the core it uses, so that Ray knows how
# many more there is room for; but for crumbs, which the trials of a sweep live on.
GROWING_CPUS = 0.99
# On the node of a Ray of our own, which cannot grow.
OWN = {"raysal.own": "true"}
OBJECT_STORE_BYTES = 512 << 20
REFUSED = (ConnectionError, RuntimeError, ValueError, TimeoutError, RayError)

# Set before Ray or OpenMP start; on a cluster they reach the workers by the runtime environment.
WORKER_ENVIRONMENT = {
    # Threads that spin while waiting starve each other once two processes share a core.
    "OMP_WAIT_POLICY": "PASSIVE",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
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
# For a Ray of our own on this machine. It needs no token, and must not leave one behind that
# later commands would ask for; nothing is preempted, and watching for it costs a process.
OWN_ENVIRONMENT = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
}


@dataclass(frozen=True)
class Plan:
    """What there is and how scoring divides it.

    Attributes:
        gpus: GPUs in the cluster; `cpus` its logical CPUs.
        here_only: the cluster is this machine.
        node_cores: processors of one node, for training workers to share.
        threads: arithmetic threads of a scoring actor.
        score_actors: how many there is room for now; `actor_cpus` is what each asks of Ray.
        grows: whether more are started when nodes join.
    """

    gpus: int
    cpus: float
    nodes: int
    here_only: bool
    node_cores: int
    score_actors: int
    actor_cpus: float
    grows: bool
    threads: int


def connect(config: EngineConfig) -> bool:
    """Join the cluster that is named, or the one already joined, or start one on this machine.

    Returns:
        Whether this call started or joined Ray, so that the caller has to leave it.

    Raises:
        ClusterError: there is no such cluster, or Ray cannot be started here.
    """
    if ray.is_initialized():
        _set_up_data(config)
        return False
    _set_environment(DRIVER_ENVIRONMENT)
    address = config.address or os.environ.get("RAY_ADDRESS")
    try:
        with warnings.catch_warnings(), _silenced_stderr():
            warnings.simplefilter("ignore")
            if address:
                _join(address)
            else:
                _set_environment(OWN_ENVIRONMENT)
                _start()
    except REFUSED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if address:
            raise ClusterError(
                f"no Ray cluster at '{address}' ({reason}); start one with 'ray start --head', "
                "set RAY_AUTH_MODE=token if it wants a token, or leave engine.address and "
                "RAY_ADDRESS unset"
            ) from error
        raise ClusterError(
            f"Ray could not be started on this machine ({reason}); "
            "--set engine.name=local does without"
        ) from error
    _set_up_data(config)
    return True


def plan(config: EngineConfig) -> Plan:
    """Divide the cluster's resources, leaving room for what feeds the workers.

    Raises:
        ClusterError: fewer GPUs or CPUs than were asked for; it says what there is.
    """
    resources = ray.cluster_resources()
    gpus, cpus = int(resources.get("GPU", 0)), resources.get("CPU", 0.0)
    alive = alive_nodes()
    if gpus < config.gpus:
        raise ClusterError(
            f"engine.gpus asks for {config.gpus}, but the cluster has {gpus} GPU(s) "
            f"({inventory(alive)}); wait for its nodes to join, or lower engine.gpus"
        )
    if cpus == 0:
        raise ClusterError(
            f"the cluster has no CPU to work with ({inventory(alive)}); wait for worker nodes to "
            "join, or start the head without --num-cpus 0"
        )
    working = [node for node in alive if node.works]
    here_only = len(alive) == 1 and alive[0].host == socket.gethostname()
    # On this machine alone, logical CPUs are more than there are processors: see `_start`.
    share, wanted = config.side_by_side, config.score_actors
    processors = max(1, (cores() if here_only else max(1, int(cpus))) // share)
    # Experiments side by side keep to their shares.
    grows = wanted == "auto" and share == 1 and not any(map(_is_own, ray.nodes()))
    room = max(1, int(cpus) if grows else int((cpus - 1) / WORKER_CPUS / share))
    actors: int = wanted if wanted != "auto" else gpus // share or min(processors, room)
    if gpus and actors > gpus:
        raise ClusterError(
            f"engine.score_actors is {actors}, but the cluster has {gpus} GPU(s) "
            f"({inventory(alive)}); lower it, or leave it auto"
        )
    if actors > room:
        raise ClusterError(
            f"engine.score_actors is {actors}, but the cluster's {cpus:g} CPUs have room for "
            f"{room} at {WORKER_CPUS} each, one CPU staying free to feed them "
            f"({inventory(alive)}); lower it, or leave it auto"
        )
    threads = config.threads
    return Plan(
        gpus=gpus,
        cpus=cpus,
        nodes=len(working),
        here_only=here_only,
        node_cores=max(1, processors // len(working)),
        score_actors=actors,
        actor_cpus=GROWING_CPUS if grows and not gpus else WORKER_CPUS,
        grows=grows,
        threads=max(1, processors // actors) if threads == "auto" else threads,
    )


def train_threads(plan: Plan, config: EngineConfig, workers: int) -> int:
    """Arithmetic threads of each of so many training workers.

    Raises:
        ClusterError: the cluster has fewer GPUs than workers, or no room on its CPUs.
    """
    gpus = plan.gpus // config.side_by_side
    if plan.gpus and workers > gpus:
        share = " for each of the sweep's experiments" if config.side_by_side > 1 else ""
        raise ClusterError(
            f"train.workers is {workers}, but the cluster has {gpus} GPU(s){share} "
            f"({inventory(alive_nodes())}); lower it"
        )
    if workers > plan.cpus / WORKER_CPUS:
        raise ClusterError(
            f"train.workers is {workers}, but the cluster's {plan.cpus:g} CPUs have room for "
            f"{int(plan.cpus / WORKER_CPUS)} at {WORKER_CPUS} each ({inventory(alive_nodes())}); "
            "lower it"
        )
    if config.threads != "auto":
        return config.threads
    return max(1, plan.node_cores // -(-workers // plan.nodes))


def _join(address: str) -> None:
    knock(address)
    ray.init(
        address=address,
        runtime_env=runtime_environment(WORKER_ENVIRONMENT),
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _start() -> None:
    """A Ray of our own with spare logical CPUs, so that small jobs beside the workers can run."""
    ray.init(
        address="local",
        num_cpus=max(4, cores() + 2),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        labels=OWN,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _is_own(node: dict[str, Any]) -> bool:
    labels: dict[str, str] = node.get("Labels") or {}
    return OWN.items() <= labels.items()


def _set_environment(values: dict[str, str]) -> None:
    for name, value in values.items():
        os.environ.setdefault(name, value)


def _set_up_data(config: EngineConfig) -> None:
    """Progress is the driver's own; Ray's loggers keep to errors; nothing hangs for ever."""
    context = ray.data.DataContext.get_current()
    context.execution_no_progress_timeout_s = config.no_progress_timeout_s
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray.train", "ray._private", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


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
