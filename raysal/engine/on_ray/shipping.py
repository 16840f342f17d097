"""What the workers of a cluster receive from the driver: this package, modules of the user's own
networks, and environment variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import raysal
from raysal.config.settings import UNPACKED
from raysal.engine.on_ray.private import JOB_CONFIG
from raysal.models.travel import found


def runtime_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """The runtime environment with which the driver joins a cluster.

    This package and the modules of own networks are uploaded, so that workers on other machines run
    the same code as the driver, unless Ray already distributes them in the working folder of a job.
    Variables and
    packages that the job's own runtime environment sets are left out, because Ray refuses to merge
    two values.

    Args:
        variables: environment variables for the workers.
    """
    job = _job_environment()
    theirs = job.get("env_vars") or {}
    environment: dict[str, Any] = {
        "env_vars": {name: value for name, value in variables.items() if name not in theirs}
    }
    ours = [path for path in (Path(raysal.__file__).parent, *found()) if UNPACKED not in path.parts]
    if ours and "py_modules" not in job:
        environment["py_modules"] = [str(path) for path in ours]
    return environment


def _job_environment() -> dict[str, Any]:
    config = json.loads(os.environ.get(JOB_CONFIG, "{}"))
    environment: dict[str, Any] = config.get("runtime_env") or {}
    return environment
