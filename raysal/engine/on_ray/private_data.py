"""What raysal uses of Ray Data beyond its public interface; see `private.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ray.data._internal.execution.execution_callback import ExecutionCallback

if TYPE_CHECKING:
    from ray.data._internal.execution.streaming_executor import StreamingExecutor


class BlockBytes(ExecutionCallback):
    """Adds up the bytes of the blocks that Ray Data passes to actors and receives from them."""

    total = 0

    def after_execution_succeeds(self, executor: StreamingExecutor) -> None:
        """Called when a data set was read to its end and the counts are complete."""
        for operator in executor._topology:
            BlockBytes.total += operator.metrics.bytes_inputs_of_submitted_tasks
            BlockBytes.total += operator.metrics.bytes_task_outputs_generated
