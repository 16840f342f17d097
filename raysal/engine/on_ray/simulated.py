"""Several Ray nodes on one machine, for benchmarks and tests that need more than one node."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ray.cluster_utils import Cluster
from ray.data import DataContext

from raysal.engine.jobs import Traffic
from raysal.engine.on_ray.private import (
    SIMULATED,
    Node,
    get_ray_address_file,
    object_store_bytes,
)
from raysal.engine.on_ray.private_data import BlockBytes

STORE_BYTES = 100 << 20


class RayNodes:
    """See `raysal.engine.base.SimulatedNodes`. The first node, where the driver runs, stays."""

    def __init__(self, count: int, cpus: int) -> None:
        self._cpus = cpus
        self._joined: list[Node] = []
        head = {"num_cpus": cpus, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        with _address_file_kept():
            self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address: str = self._cluster.address
        for _ in range(count - 1):
            self.add()

    def add(self, cpus: int | None = None) -> str:
        """See `SimulatedNodes.add`."""
        node = self._cluster.add_node(
            num_cpus=self._cpus if cpus is None else cpus, object_store_memory=STORE_BYTES
        )
        self._joined.append(node)
        return str(node.node_id)

    def remove_last(self) -> None:
        """See `SimulatedNodes.remove_last`."""
        self._cluster.remove_node(self._joined.pop(), allow_graceful=False)

    def traffic(self) -> Traffic:
        """See `SimulatedNodes.traffic`."""
        return Traffic(object_store_bytes(self.address), BlockBytes.total)

    def close(self) -> None:
        """Stop all nodes."""
        self._cluster.shutdown()


@contextlib.contextmanager
def simulated_nodes(count: int, cpus: int) -> Iterator[RayNodes]:
    """A cluster of `count` nodes with `cpus` CPUs each, until the block ends."""
    for name, value in SIMULATED.items():
        os.environ.setdefault(name, value)
    callbacks = DataContext.get_current().custom_execution_callback_classes
    if BlockBytes not in callbacks:
        callbacks.append(BlockBytes)
    nodes = RayNodes(count, cpus)
    try:
        yield nodes
    finally:
        nodes.close()


@contextlib.contextmanager
def _address_file_kept() -> Iterator[None]:
    """Restore the file that `address=auto` reads. A new cluster overwrites it, although the user's
    own cluster may be running.
    """
    file = Path(get_ray_address_file(None))
    before = file.read_bytes() if file.exists() else None
    try:
        yield
    finally:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(before)
