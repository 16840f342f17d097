"""A program that watches the processes of a Ray for the process that has started it, its driver.

It runs beside the driver, because Ray ends a driver that misses its Ray without a word, at a moment
that no thread of the driver is sure to be quicker than. It is run by its file name with nothing but
a little of Python's library, so that it is there in 20 ms.

Arguments are `NAME=PID` of the processes. When one of them dies, the program says so in one line on
stderr, writes a byte to stdout for the driver, waits for the driver to end, and kills the rest of
this Ray: its agents would go on for more than a minute. A byte or the end of stdin says that Ray is
about to be shut down in order, or that the driver has ended; the program ends, too.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
from pathlib import Path

EVERY_S = 0.5
# The driver ends itself within this time, or Ray ends it.
ENDS_WITHIN_S = 5.0
NEEDED = ("raylet", "gcs_server")
# In the title of their processes: `ray::DashboardAgent` and `ray::RuntimeEnvAgent`.
AGENT = b"Agent"


def watch(processes: dict[str, int]) -> None:
    """Return when stdin says so, or when something that Ray needs has died, and the rest with it.

    Where the kernel tells of a death (Linux), it is noticed at once, else within `EVERY_S`.

    Args:
        processes: ids of those that the driver has started, by name.
    """
    needed = {pid: name for name, pid in processes.items() if name in NEEDED}
    watched: set[int] = set()
    with selectors.DefaultSelector() as selector:
        stdin = selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for pid in needed.keys() - watched:
                with contextlib.suppress(OSError, AttributeError):  # Dead already; not on Linux.
                    selector.register(os.pidfd_open(pid), selectors.EVENT_READ)
                watched.add(pid)
            ready = [key for key, _ in selector.select(EVERY_S)]
            if dead := {name for pid, name in needed.items() if not _is_alive(pid)}:
                _end(sorted(dead), {*needed, *processes.values()})
                return
            if stdin in ready:
                return
            if "raylet" in processes:
                needed |= dict.fromkeys(_agents_of(processes["raylet"]), "agent")


def _end(dead: list[str], pids: set[int]) -> None:
    """Say what has died: all of it, because one death soon brings about the others."""
    died = " and ".join(dead)
    line = f"raysal: Ray on this machine has stopped: its {died} died; run again to continue\n"
    os.write(2, line.encode())
    with contextlib.suppress(BrokenPipeError):  # Ray has ended the driver already.
        os.write(1, b"x")
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        selector.select(ENDS_WITHIN_S)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _agents_of(raylet: int) -> list[int]:
    """The agents that a raylet has started; none where there is no /proc."""
    try:
        children = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
        return [int(pid) for pid in children if AGENT in Path(f"/proc/{pid}/cmdline").read_bytes()]
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    if not Path("/proc/self").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        # The state follows the name, which is in parentheses and may contain some.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


if __name__ == "__main__":
    # Ctrl-C is for the driver.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pairs = (argument.split("=") for argument in sys.argv[1:])
    watch({name: int(pid) for name, pid in pairs})
