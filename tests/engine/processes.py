"""Finding and killing the processes of Ray's workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path


def workers(title: str) -> list[int]:
    """Process ids of the Ray workers on this machine whose title contains `title`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if command.startswith("ray::") and title in command:
            found.append(int(entry.name))
    return found


def kill_once(title: str, when: Callable[[], bool], timeout_s: float = 120) -> threading.Thread:
    """In the background, kill -9 the first such worker as soon as `when` holds."""

    def watch() -> None:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if when() and (pids := workers(title)):
                os.kill(pids[0], signal.SIGKILL)
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
