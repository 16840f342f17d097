"""What travels to the workers of a cluster: this package, and their environment variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import raysal
from raysal.config.settings import UNPACKED

# How `ray job submit` tells the driver what runtime environment its job has.
JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"


def runtime_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """The runtime environment to join a cluster with.

    Workers on other machines are to run the code that the driver runs, so the package goes along,
    unless Ray itself brought it: as part of the working folder of a job, every machine has it.
    What the job's own runtime environment sets is left to it, for Ray refuses to merge two values.
    """
    job = _job_environment()
    theirs = job.get("env_vars") or {}
    environment: dict[str, Any] = {
        "env_vars": {name: value for name, value in variables.items() if name not in theirs}
    }
    package = Path(raysal.__file__).parent
    if UNPACKED not in package.parts and "py_modules" not in job:
        environment["py_modules"] = [str(package)]
    return environment


def _job_environment() -> dict[str, Any]:
    config = json.loads(os.environ.get(JOB_CONFIG, "{}"))
    environment: dict[str, Any] = config.get("runtime_env") or {}
    return environment
