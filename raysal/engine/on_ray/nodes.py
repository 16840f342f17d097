"""The machines of a cluster, and how messages name them."""

from __future__ import annotations

from dataclasses import dataclass

import ray

SHOWN = 8


@dataclass(frozen=True)
class Node:
    """A machine of the cluster that is alive.

    Attributes:
        node_id: Ray's identifier, hexadecimal.
        cpus: number of logical CPUs; `gpus` likewise.
    """

    node_id: str
    host: str
    address: str
    cpus: float
    gpus: float

    @property
    def works(self) -> bool:
        """Whether work can be placed on it; a head started with `--num-cpus 0` only coordinates."""
        return self.cpus > 0 or self.gpus > 0

    def __str__(self) -> str:
        return f"{self.host} ({self.address})"


def alive_nodes() -> list[Node]:
    """All nodes that are alive, sorted by address."""
    found = [
        Node(
            node_id=node["NodeID"],
            host=node["NodeManagerHostname"],
            address=node["NodeManagerAddress"],
            cpus=node["Resources"].get("CPU", 0.0),
            gpus=node["Resources"].get("GPU", 0.0),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]
    return sorted(found, key=lambda node: (node.address, node.node_id))


def inventory(nodes: list[Node]) -> str:
    """The nodes, such as `2 nodes: a (10.0.0.1) 8 CPUs, 0 GPUs; b (10.0.0.2) 16 CPUs, 4 GPUs`."""
    texts = [f"{node} {_count(node.cpus, 'CPU')}, {_count(node.gpus, 'GPU')}" for node in nodes]
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return f"{_count(len(nodes), 'node')}: {'; '.join(texts[:SHOWN])}{more}"


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"
