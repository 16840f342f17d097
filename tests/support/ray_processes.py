"""Finding and killing the processes of Ray's workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def workers(title: str) -> list[int]:
    """Process ids of this process's Ray workers whose title contains `title`."""
    commands = of_a_ray(os.getpid())
    return [pid for pid, text in commands.items() if text.startswith("ray::") and title in text]


def of_a_ray(driver: int) -> dict[int, str]:
    """The processes that descend from a driver, each with its command line.

    Other tests on this machine have Ray processes of their own, which must not be touched.
    """
    commands, parents = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # "pid (name) state parent ...", where the name may hold anything.
        parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
        commands[int(entry.name)] = command
    return {pid: text for pid, text in commands.items() if _descends(pid, driver, parents)}


def _descends(pid: int, ancestor: int, parents: Mapping[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


def kill_once(title: str, when: Callable[[], bool], timeout_s: float = 270) -> threading.Thread:
    """In the background, kill -9 the first such worker as soon as `when` holds.

    If there is none in time, the thread fails and the test with it, as nothing was tested.
    """

    def watch() -> None:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if when() and (pids := workers(title)):
                os.kill(pids[0], signal.SIGKILL)
                return
            time.sleep(0.02)
        raise AssertionError(f"there was no '{title}' to kill")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
