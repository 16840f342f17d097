"""Notice when a process of a Ray that raysal started dies: nothing can go on without it.

Ray itself ends the driver without a word, after a quarter of a minute (raylet) or a whole one
(GCS), or waits for minutes (dashboard agent).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from raysal.engine.on_ray.private import started_processes

EVERY_S = 0.5
NEEDED = ("raylet", "gcs_server")
# In the title of their processes: `ray::DashboardAgent` and `ray::RuntimeEnvAgent`.
AGENT = b"Agent"
# The status of errors that a user can do something about.
STATUS = 2


class DeathWatch:
    """Ends this process with one line as soon as a process of its Ray has died.

    An exception could not end it in order: most calls of Ray would wait for what is dead. What is
    on disk is whole at any moment, and a rerun continues from it.
    """

    def __init__(self) -> None:
        started = started_processes()
        self._needed = {name: started[name] for name in NEEDED if name in started}
        self._agents: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ray is about to be shut down."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            if (dead := self._dead()) is not None:
                sys.stdout.flush()
                line = f"raysal: Ray on this machine has stopped: its {dead} died; run again to "
                os.write(2, f"{line}continue\n".encode())
                os._exit(STATUS)

    def _dead(self) -> str | None:
        for name, process in self._needed.items():
            if process.poll() is not None:
                return name
        raylet = self._needed.get("raylet")
        if raylet is not None:
            self._agents |= _agents_of(raylet)
        return "agent" if any(not _is_alive(pid) for pid in self._agents) else None


def _agents_of(raylet: subprocess.Popen[bytes]) -> set[int]:
    """The agents that a raylet has started; none where there is no /proc."""
    try:
        children = Path(f"/proc/{raylet.pid}/task/{raylet.pid}/children").read_text().split()
        return {int(pid) for pid in children if AGENT in Path(f"/proc/{pid}/cmdline").read_bytes()}
    except OSError:
        return set()


def _is_alive(pid: int) -> bool:
    try:
        # The state follows the name, which is in parentheses and may contain some.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")
