"""The private parts of Ray that raysal uses exist in the installed version.

Nothing here imports `raysal.engine.on_ray`, which would fail as a whole for each missing name.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from raysal.config.settings import UNPACKED
from tests.support.paths import ROOT

ON_RAY = ROOT / "raysal" / "engine" / "on_ray"
PRIVATE = ON_RAY / "private.py"
ALL_PRIVATE = sorted(ON_RAY.glob("private*.py"))

# Where Ray reads each variable. The core (C++) reads RAY_NAME as NAME.
TRAIN, TUNE, CORE = "ray.train.v2._internal.constants", "ray.tune.constants", "ray._raylet"
READ_IN = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": TRAIN,
    "RAY_TRAIN_METRICS_ENABLED": TRAIN,
    "RAY_DATA_DISABLE_PROGRESS_BARS": "ray.data.context",
    "RAY_USAGE_STATS_ENABLED": "ray._common.usage.usage_constants",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "ray._private.accelerators.accelerator",
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": TRAIN,
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "ray._private.ray_constants",
    "RAY_BACKEND_LOG_LEVEL": CORE,
    "RAY_TMPDIR": "ray._common.utils",
    "RAY_AUTH_MODE": CORE,
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": TRAIN,
    "RAY_worker_niceness": CORE,
    "RAY_health_check_period_ms": CORE,
    "RAY_health_check_failure_threshold": CORE,
    "RAY_health_check_initial_delay_ms": CORE,
    "RAY_AIR_NEW_OUTPUT": "ray.tune.experimental.output",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "ray.tune.utils.callback",
    "TUNE_DISABLE_SIGINT_HANDLER": "ray.tune.tune",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": TUNE,
    "TUNE_GLOBAL_CHECKPOINT_S": TUNE,
    "TUNE_PRINT_ALL_TRIAL_ERRORS": TUNE,
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": TUNE,
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": TRAIN,
    "RAY_JOB_CONFIG_JSON_ENV_VAR": "ray._private.runtime_env.constants",
}
# What `BlockBytes` and `simulated.py` read of Ray's objects, by the module that defines it.
ATTRIBUTES = {
    "self._topology": "ray.data._internal.execution.streaming_executor",
    "def after_execution_succeeds": "ray.data._internal.execution.execution_callback",
    "bytes_inputs_of_submitted_tasks": "ray.data._internal.execution.interfaces.op_runtime_metrics",
    "bytes_task_outputs_generated": "ray.data._internal.execution.interfaces.op_runtime_metrics",
    "custom_execution_callback_classes": "ray.data.context",
}


def ray_imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of each name that a file imports from Ray."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ray":
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, "") for a in node.names if a.name.split(".")[0] == "ray")


def variables(path: Path) -> set[str]:
    """Names of environment variables of Ray that stand in a file as a string of their own."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("RAY_", "TUNE_"))
        and node.value.replace("_", "").isalnum()
    }


def source(module: str) -> bytes:
    """The file of a module of Ray; it is not imported."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"Ray {ray.__version__} has no module {module}"
    assert spec.origin is not None
    return Path(spec.origin).read_bytes()


@pytest.mark.parametrize(
    ("module", "name"), sorted({pair for path in ALL_PRIVATE for pair in ray_imports(path)})
)
def test_a_private_name_exists(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name), f"not in Ray {ray.__version__}"


@pytest.mark.parametrize(("text", "module"), [*READ_IN.items(), *ATTRIBUTES.items()])
def test_what_is_relied_on_is_there(text: str, module: str) -> None:
    word = text.removeprefix("RAY_") if module == CORE else text
    assert word.encode() in source(module), f"not in {module} of Ray {ray.__version__}"


@pytest.mark.parametrize("name", ["start_monitor", "start_log_monitor", "start_api_server"])
def test_a_helper_that_is_left_out_exists(name: str) -> None:
    text = source("ray._private.node").decode()
    assert f"def {name}(" in text
    assert f"self.{name}(" in text
    assert f'"{name}"' in PRIVATE.read_text()


def test_working_folders_are_unpacked_where_raysal_expects() -> None:
    assert f'"{UNPACKED}"'.encode() in source("ray._private.ray_constants")


def test_all_of_it_is_in_these_files() -> None:
    assert variables(PRIVATE) == set(READ_IN)
    documented = {"RAY_ADDRESS", "RAY_USE_TLS"}
    for path in ON_RAY.glob("*.py"):
        if path not in ALL_PRIVATE:
            private = [m for m, name in ray_imports(path) if "._" in m or name.startswith("_")]
            assert not private, f"{path}: move to private.py: {private}"
            assert not variables(path) - documented, f"{path}: move to private.py"
