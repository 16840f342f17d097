"""Environments of their own for labelling programs, which are too large to be dependencies."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("RAYSAL_CLIENTS", Path.home() / ".cache" / "raysal-clients"))
INSTALL_S = 900


def client_environment(requirement: str) -> Path:
    """The `bin` folder of an environment with a package, made with the first test that needs it.

    The test is skipped, with the reason, if the package cannot be installed.
    """
    folder = CACHE / f"{requirement}-py{sys.version_info.major}{sys.version_info.minor}"
    done = folder / "installed"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _install(folder, requirement)
            done.touch()
    return folder / "bin"


def _install(folder: Path, requirement: str) -> None:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", requirement]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], pip):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or [str(error)]
            pytest.skip(f"{requirement} cannot be installed: {lines[-1]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{requirement} cannot be installed: {error}")
