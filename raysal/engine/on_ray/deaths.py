"""Notice when a process of a Ray that raysal started dies: nothing can go on without it.

Ray itself ends the driver without a word, after a quarter of a minute (raylet) or a whole one
(GCS), or waits for minutes (dashboard agent), unless it needs the dead process before.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import selectors
import subprocess
import sys
import threading

from raysal.engine.on_ray import watcher
from raysal.engine.on_ray.private import started_processes

EVERY_S = 0.5
# The status of errors that a user can do something about.
STATUS = 2


class DeathWatch:
    """Ends this process, with one line on stderr, as soon as a process of its Ray has died.

    An exception could not end it in order: most calls of Ray would wait for what is dead. What is
    on disk is whole at any moment, and a rerun continues from it. The line is there in any case,
    and nothing of this Ray is left, because another process sees to both (`watcher`). The status is
    `STATUS`, but 1 where Ray was quicker, as it may be on a machine with more to do than it has
    cores.
    """

    def __init__(self) -> None:
        self._started = started_processes()
        arguments = [f"{name}={process.pid}" for name, process in self._started.items()]
        self._watcher = subprocess.Popen(
            # Isolated, and without the site: it needs nothing that is installed.
            [sys.executable, "-I", "-S", watcher.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        # A driver that does not close its engine: Ray shuts itself down after this.
        atexit.register(self.stop)

    def stop(self) -> None:
        """Ray is about to be shut down."""
        atexit.unregister(self.stop)
        stdin = self._watcher.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError), stdin:
            stdin.write(b"x")  # Only to close it is not enough: forked processes may hold it, too.
        self._thread.join()
        self._watcher.wait()

    def _watch(self) -> None:
        told = self._watcher.stdout
        assert told is not None
        with told, selectors.DefaultSelector() as selector:
            selector.register(told, selectors.EVENT_READ)
            while not selector.select(EVERY_S):
                for process in self._started.values():
                    process.poll()  # Without /proc, only one that is reaped is seen as dead.
            died = told.read(1) != b""
        if died:
            sys.stdout.flush()
            os._exit(STATUS)
