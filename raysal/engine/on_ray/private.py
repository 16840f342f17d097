"""Everything that raysal uses of Ray beyond its public interface: private names and variables.

What it uses of Ray Data and Ray Train is in `private_data.py` and `private_train.py`, because these
take long to import. A new version of Ray may drop any of them without notice.
`tests/engine/on_ray/test_private.py` names those that the installed version lacks.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

from ray._common.utils import get_ray_address_file
from ray._private import worker as ray_worker
from ray._private.internal_api import get_memory_info_reply, get_state_from_address
from ray._private.node import Node

__all__ = [
    "CLUSTER_NODE",
    "DRIVER",
    "HELPERS",
    "JOB_CONFIG",
    "ON_THIS_MACHINE",
    "RAY_TMPDIR",
    "SIMULATED",
    "SWEEP",
    "TRAIN_START_TIMEOUT",
    "TRIED_ON",
    "Node",
    "get_ray_address_file",
    "object_store_bytes",
    "started_processes",
    "without_helpers",
]

TRIED_ON = "2.60.0"

# The sets of environment variables below are set before Ray or OpenMP start, unless the user has
# set them. On a cluster, those of CLUSTER_NODE reach the workers with the runtime environment.
CLUSTER_NODE = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
DRIVER = {
    **CLUSTER_NODE,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
# For a Ray that raysal starts on this machine. It needs no token, and must not leave one behind
# that later commands would ask for. Nothing preempts it, and watching for that takes a process. Its
# workers have the priority of the command: Ray would give them 3 % of a core beside other work.
ON_THIS_MACHINE = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_worker_niceness": "0",
}
# A lost node is noticed after two seconds instead of half a minute.
SIMULATED = {
    **DRIVER,
    **ON_THIS_MACHINE,
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "4",
    "RAY_health_check_initial_delay_ms": "1000",
}
SWEEP = {
    "RAY_AIR_NEW_OUTPUT": "0",  # The new output prints even at verbosity 0.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # Each experiment writes its own records.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends a sweep, as it ends a run.
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # The last report has no metric.
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # A sweep does not resume from Tune's own state.
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}
# Seconds for which Ray Train tries to place a group of workers before it tries again.
TRAIN_START_TIMEOUT = "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S"
# Folder below which Ray puts its sockets and logs, instead of TMPDIR.
RAY_TMPDIR = "RAY_TMPDIR"
# Holds the runtime environment of a job that was started by `ray job submit`.
JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"


def started_processes() -> dict[str, subprocess.Popen[bytes]]:
    """The processes of the Ray that this process has started, by name, such as `raylet`."""
    node = ray_worker._global_node
    started = node.all_processes if node is not None else {}
    return {name: infos[0].process for name, infos in started.items() if infos}


def object_store_bytes(address: str) -> int:
    """Bytes of all objects that were ever created in the object stores of a cluster's nodes."""
    reply = get_memory_info_reply(get_state_from_address(address))
    return int(reply.store_stats.cumulative_created_bytes)


# What `Node` starts for a cluster: the autoscaler, what shows the logs of workers, the dashboard.
HELPERS = ("start_monitor", "start_log_monitor", "start_api_server")


@contextlib.contextmanager
def without_helpers() -> Iterator[None]:
    """Let a Ray that is started here leave out its `HELPERS`: three processes of Python, which take
    more than a second of a core while the workers start. They are of no use to a Ray that cannot
    grow, whose logs are not shown, and that has no dashboard."""
    kept = {name: getattr(Node, name) for name in HELPERS}
    for name in HELPERS:
        setattr(Node, name, lambda self, *args, **kwargs: None)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(Node, name, method)
