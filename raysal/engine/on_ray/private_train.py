"""What raysal uses of Ray Train beyond its public interface; see `private.py`."""

from ray.train.v2._internal.exceptions import WorkerGroupStartupTimeoutError

__all__ = ["WorkerGroupStartupTimeoutError"]
