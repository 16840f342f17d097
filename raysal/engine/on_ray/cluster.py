"""Joining or starting Ray, and dividing its resources."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.nodes import alive_nodes, inventory
from raysal.engine.on_ray.private import CLUSTER_NODE, DRIVER, ON_THIS_MACHINE, RAY_TMPDIR
from raysal.engine.on_ray.reach import check_reachable
from raysal.engine.on_ray.shipping import runtime_environment
from raysal.engine.on_ray.sockets import short_temporary_folder
from raysal.errors import ClusterError
from raysal.inference.device import cores

# The share of a logical CPU that a worker reserves. The number of workers is set by raysal, not by
# Ray: workers that reserve whole CPUs leave none for the tasks that read their data, and wait for
# ever.
WORKER_CPUS = 0.25
# What a scoring actor reserves on a cluster that may grow: the core that it uses, so that Ray knows
# how many more actors have room, minus a sliver for the trials of a sweep.
GROWING_CPUS = 0.99
# Labels the node of a Ray that raysal started, which cannot grow.
OWN = {"raysal.own": "true"}
OBJECT_STORE_BYTES = 512 << 20
REFUSED = (OSError, RuntimeError, ValueError, TimeoutError, RayError)


@dataclass(frozen=True)
class Plan:
    """The resources of the cluster and their division among workers.

    Attributes:
        gpus: GPUs in the cluster.
        cpus: logical CPUs in the cluster.
        nodes: nodes with CPUs or GPUs.
        here_only: the cluster consists of this machine.
        node_cores: processors per node, which the training workers of a node share.
        score_actors: scoring actors to start with.
        actor_cpus: logical CPUs that each of them reserves.
        grows: whether more of them are started as nodes join.
        threads: threads per scoring actor for arithmetic on the CPU.
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
    """Join the cluster at `engine.address` or RAY_ADDRESS, or start Ray on this machine.

    A Ray that this process has already joined is used as it is.

    Returns:
        Whether this call joined or started Ray; if so, the caller has to shut it down.

    Raises:
        ClusterError: there is no cluster at the address, or Ray cannot be started.
    """
    if ray.is_initialized():
        _set_up_data(config)
        return False
    _set_environment(DRIVER)
    address = config.address or os.environ.get("RAY_ADDRESS")
    try:
        with warnings.catch_warnings(), _silenced_stderr():
            warnings.simplefilter("ignore")
            if address:
                _join(address)
            else:
                _set_environment(ON_THIS_MACHINE)
                _start(short_temporary_folder())
    except REFUSED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if address:
            raise ClusterError(
                f"no Ray cluster at '{address}' ({reason}); start one with 'ray start --head', "
                "set RAY_AUTH_MODE=token if it needs a token, or leave engine.address and "
                "RAY_ADDRESS unset"
            ) from error
        raise ClusterError(
            f"Ray could not be started on this machine ({reason}); "
            "engine.name=local runs without Ray"
        ) from error
    _set_up_data(config)
    return True


def plan(config: EngineConfig) -> Plan:
    """Divide the cluster's resources among workers, leaving room for tasks that read their data.

    Raises:
        ClusterError: the cluster has fewer GPUs or CPUs than the settings need; the message lists
            its nodes.
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
    # A Ray that raysal started has more logical CPUs than the machine has processors: see `_start`.
    share, wanted = config.side_by_side, config.score_actors
    processors = max(1, (cores() if here_only else max(1, int(cpus))) // share)
    # Experiments that share the cluster keep to their parts of it.
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
            f"{room} at {WORKER_CPUS} each, one CPU staying free to read their data "
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
    """Threads for arithmetic on the CPU, for each of `workers` training workers.

    Raises:
        ClusterError: the cluster has fewer GPUs than workers, or too few CPUs for them.
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
    check_reachable(address)
    ray.init(
        address=address,
        runtime_env=runtime_environment(CLUSTER_NODE),
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def _start(folder: str | None) -> None:
    """Start Ray on this machine, with spare logical CPUs for small tasks beside the workers.

    Args:
        folder: for Ray's files, instead of its own choice.
    """
    if folder is not None:
        os.environ[RAY_TMPDIR] = folder
    with _kept_signals():
        _init()


@contextlib.contextmanager
def _kept_signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which Ray replaces by one that ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _init() -> None:
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
    """Turn off Ray's progress bars and logs, and limit the time without progress."""
    context = ray.data.DataContext.get_current()
    context.execution_no_progress_timeout_s = config.no_progress_timeout_s
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray.train", "ray._private", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Discard what Ray's core writes to stderr: that its log level is low. Errors are raised."""
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
