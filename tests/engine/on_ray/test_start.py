"""Starting Ray on this machine where something is in its way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import ray

from raysal.engine.config import EngineConfig
from raysal.engine.on_ray import cluster
from raysal.errors import ClusterError

START = """
import ray
from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.cluster import connect

try:
    connect(EngineConfig())
except Exception as error:
    print(f"{type(error).__name__}: {error}")
else:
    print(ray.get(ray.remote(lambda: "it works").remote()))
    ray.shutdown()
"""


def started(*prefix: str, **variables: str) -> str:
    """What a process prints that starts Ray."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [*prefix, sys.executable, "-c", START],
        env=own | variables, capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip


def test_a_plain_exception_of_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise Exception("The current node timed out during startup.\nMore.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(cluster, "_init", fail)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    message = r"^Ray could not be started .*\(The current node timed .*\.\); engine.name=local runs"
    with pytest.raises(ClusterError, match=message):
        cluster.connect(EngineConfig())


@pytest.mark.slow
def test_shared_memory_that_cannot_be_written() -> None:
    # One of its own, so that no other process is affected.
    read_only = "mount -t tmpfs -o ro none /dev/shm"
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-m", "sh", "-c", read_only], capture_output=True).returncode
    ):
        pytest.skip("needs root on Linux")
    said = started("unshare", "-m", "sh", "-c", f'{read_only} && exec "$@"', "-")
    assert said.startswith("ClusterError: /dev/shm, where Ray keeps what its processes share, can")
    assert said.endswith("engine.name=local\n")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_a_long_tmpdir(tmp_path: Path) -> None:
    """As the job folders of clusters are."""
    folder = tmp_path / ("x" * 149)
    folder.mkdir()
    assert len(str(folder)) >= 150
    assert started(TMPDIR=str(folder)) == "it works\n"
