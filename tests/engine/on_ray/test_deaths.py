"""A process of one's own Ray dies: one line, soon."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

DRIVER = """
import os, signal, sys, time
from pathlib import Path
from raysal.engine.config import EngineConfig
from raysal.engine.on_ray.deaths import _agents_of
from raysal.engine.on_ray.engine import RayEngine
from raysal.engine.on_ray.private import started_processes

if sys.argv[1] == "SIGTERM":
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
engine = RayEngine(EngineConfig())
started = started_processes()
if sys.argv[1] == "none":
    time.sleep(3)
    engine.close()
    print("closed")
    sys.exit()
if sys.argv[1] == "SIGTERM":
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    engine.close()
    print("closed")
    sys.exit()
if sys.argv[1] == "agent":
    while not (agents := _agents_of(started["raylet"])):
        time.sleep(0.1)
    time.sleep(2)
    os.kill(min(agents), signal.SIGKILL)
else:
    os.kill(started[sys.argv[1]].pid, signal.SIGKILL)
time.sleep(120)
"""


@pytest.mark.parametrize("name", ["raylet", "gcs_server", "agent"])
def test_one_line_and_the_end(name: str) -> None:
    start = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, name], capture_output=True, text=True, timeout=110
    )
    assert ended.returncode == 2, ended
    lines = [line for line in ended.stderr.splitlines() if line.startswith("raysal:")]
    assert len(lines) == 1, ended
    assert lines[0].startswith("raysal: Ray on this machine has stopped: its ")
    assert lines[0].endswith(" died; run again to continue")
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("how", ["none", "SIGTERM"])
def test_closing_is_no_death_and_handlers_are_kept(how: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, how], capture_output=True, text=True, timeout=110
    )
    assert (ended.returncode, ended.stdout) == (0, "closed\n"), ended
