"""Dividing the resources of a cluster among the workers of an experiment."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import ray

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.cluster import OWN
from raysal.engine.on_ray.nodes import alive_nodes, inventory
from raysal.errors import ClusterError
from raysal.inference.cores import cores

# The share of a logical CPU that a worker reserves. The number of workers is set by raysal, not by
# Ray: workers that reserve whole CPUs leave none for the tasks that read their data, and wait for
# ever.
WORKER_CPUS = 0.25
# What a scoring actor reserves on a cluster that may grow: the core that it uses, so that Ray knows
# how many more actors have room, minus a sliver for the trials of a sweep.
GROWING_CPUS = 0.99


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
    _check_score_actors(actors, gpus, cpus, room)
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


def _check_score_actors(actors: int, gpus: int, cpus: float, room: int) -> None:
    if gpus and actors > gpus:
        raise ClusterError(
            f"engine.score_actors is {actors}, but the cluster has {gpus} GPU(s) "
            f"({inventory(alive_nodes())}); lower it, or leave it auto"
        )
    if actors > room:
        raise ClusterError(
            f"engine.score_actors is {actors}, but the cluster's {cpus:g} CPUs have room for "
            f"{room} at {WORKER_CPUS} each, one CPU staying free to read their data "
            f"({inventory(alive_nodes())}); lower it, or leave it auto"
        )


def _is_own(node: dict[str, Any]) -> bool:
    labels: dict[str, str] = node.get("Labels") or {}
    return OWN.items() <= labels.items()
