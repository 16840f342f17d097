"""Passing errors from a worker to the driver."""

from __future__ import annotations

import base64
import pickle

from raysal.engine.config import EngineConfig
from raysal.errors import ClusterError, RaysalError

# Errors that a user can do something about are returned as data. If a worker raised them, Ray would
# retry the task, print a traceback and wrap the error.
REPORTED = (RaysalError, OSError)


def pack(error: Exception) -> str:
    """The error as a string."""
    return base64.b64encode(pickle.dumps(error)).decode()


def raise_packed(packed: str) -> None:
    """Raise the error that a worker packed; an empty string means none."""
    if packed:
        error = pickle.loads(base64.b64decode(packed))
        assert isinstance(error, REPORTED)
        raise error


def no_progress(config: EngineConfig) -> ClusterError:
    """Nothing was finished for too long."""
    return ClusterError(
        f"no progress in {config.no_progress_timeout_s:g} s (engine.no_progress_timeout_s): the "
        "cluster has no room for the workers, or storage hangs; run again to continue"
    )
