"""Notice when a process of a Ray that raysal started dies: nothing can go on without it.

Ray itself ends the driver without a word, after a quarter of a minute (raylet) or a whole one
(GCS), or waits for minutes (dashboard agent).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
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
    on disk is whole at any moment, and a rerun continues from it. Where the kernel tells of a death
    (Linux), the watch is quicker than Ray, which ends the driver a moment after some deaths.
    """

    def __init__(self) -> None:
        started = started_processes()
        self._needed = {name: started[name] for name in NEEDED if name in started}
        self._others = [process.pid for name, process in started.items() if name not in NEEDED]
        self._agents: set[int] = set()
        self._watched: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ray is about to be shut down."""
        os.write(self._wake, b"x")
        self._thread.join()
        self._selector.close()
        for descriptor in (self._woken, self._wake, *self._watched.values()):
            os.close(descriptor)

    def _watch(self) -> None:
        while not self._stopped_after_waiting():
            if (dead := self._dead()) is not None:
                sys.stdout.flush()
                line = f"raysal: Ray on this machine has stopped: its {dead} died; run again to "
                os.write(2, f"{line}continue\n".encode())
                self._end_the_rest()
                os._exit(STATUS)

    def _stopped_after_waiting(self) -> bool:
        """Wait for a death or for `stop`, at most `EVERY_S`; returns whether it was `stop`."""
        for pid in (*(process.pid for process in self._needed.values()), *self._agents):
            if pid not in self._watched and hasattr(os, "pidfd_open"):
                with contextlib.suppress(OSError):  # It has died already.
                    self._watched[pid] = os.pidfd_open(pid)
                    self._selector.register(self._watched[pid], selectors.EVENT_READ)
        ready = self._selector.select(EVERY_S)
        return any(key.fd == self._woken for key, _ in ready)

    def _dead(self) -> str | None:
        for name, process in self._needed.items():
            if process.poll() is not None:
                return name
        raylet = self._needed.get("raylet")
        if raylet is not None:
            self._agents |= _agents_of(raylet)
        return "agent" if any(not _is_alive(pid) for pid in self._agents) else None

    def _end_the_rest(self) -> None:
        """Kill what is left of this Ray: its agents would go on for more than a minute."""
        for pid in (*(p.pid for p in self._needed.values()), *self._others, *self._agents):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


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
