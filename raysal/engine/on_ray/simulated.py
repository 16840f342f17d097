"""Several Ray nodes on one machine, for measuring and testing what only several nodes show."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ray._common.utils import get_ray_address_file
from ray._private.internal_api import get_memory_info_reply, get_state_from_address
from ray._private.node import Node
from ray.cluster_utils import Cluster
from ray.data import DataContext
from ray.data._internal.execution.execution_callback import ExecutionCallback

from raysal.engine.jobs import Traffic
from raysal.engine.on_ray.cluster import DRIVER_ENVIRONMENT, OWN_ENVIRONMENT

if TYPE_CHECKING:
    from ray.data._internal.execution.streaming_executor import StreamingExecutor

STORE_BYTES = 100 << 20
# A node that has gone is missed after two seconds instead of half a minute.
ENVIRONMENT = {
    **DRIVER_ENVIRONMENT,
    **OWN_ENVIRONMENT,
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "4",
    "RAY_health_check_initial_delay_ms": "1000",
}


class BlockBytes(ExecutionCallback):
    """Adds up the blocks that Ray Data hands to actors and gets back from them."""

    total = 0

    def after_execution_succeeds(self, executor: StreamingExecutor) -> None:
        """Counts are complete when a data set has been gone through."""
        for operator in executor._topology:
            BlockBytes.total += operator.metrics.bytes_inputs_of_submitted_tasks
            BlockBytes.total += operator.metrics.bytes_task_outputs_generated


class Nodes:
    """Nodes that come and go; the first one, where the driver is, stays.

    Attributes:
        address: for `engine.address`.
    """

    def __init__(self, count: int, cpus: int) -> None:
        self._cpus = cpus
        self._joined: list[Node] = []
        with _address_file_kept():
            self._cluster = Cluster(
                initialize_head=True,
                head_node_args={
                    "num_cpus": cpus, "object_store_memory": STORE_BYTES,
                    "include_dashboard": False,
                },
            )  # fmt: skip
        self.address: str = self._cluster.address
        for _ in range(count - 1):
            self.add()

    def add(self, cpus: int | None = None) -> str:
        """A node joins; returns its id. To be called from the main thread."""
        node = self._cluster.add_node(
            num_cpus=self._cpus if cpus is None else cpus, object_store_memory=STORE_BYTES
        )
        self._joined.append(node)
        return str(node.node_id)

    def remove_last(self) -> None:
        """The node that joined last is lost with all its processes, as when a machine fails."""
        self._cluster.remove_node(self._joined.pop(), allow_graceful=False)

    def traffic(self) -> Traffic:
        """What has gone through Ray so far."""
        reply = get_memory_info_reply(get_state_from_address(self.address))
        return Traffic(int(reply.store_stats.cumulative_created_bytes), BlockBytes.total)

    def close(self) -> None:
        """All nodes end."""
        self._cluster.shutdown()


@contextlib.contextmanager
def simulated_nodes(count: int, cpus: int) -> Iterator[Nodes]:
    """So many nodes of so many CPUs each, until the block ends."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    callbacks = DataContext.get_current().custom_execution_callback_classes
    if BlockBytes not in callbacks:
        callbacks.append(BlockBytes)
    nodes = Nodes(count, cpus)
    try:
        yield nodes
    finally:
        nodes.close()


@contextlib.contextmanager
def _address_file_kept() -> Iterator[None]:
    """A new cluster makes itself the one that `address=auto` means; a real one keeps that name."""
    file = Path(get_ray_address_file(None))
    before = file.read_bytes() if file.exists() else None
    try:
        yield
    finally:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(before)
