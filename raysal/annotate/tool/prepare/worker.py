"""What a worker process does.

Only what it needs to begin is imported here: the number of threads is read from the environment
when numpy is imported.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from raysal.errors import RaysalError

if TYPE_CHECKING:
    from raysal.annotate.tool.prepare.task import Task, Tools

_NICE = 5
_tools: Tools | None = None


def begin(folder: Path, most_bytes: int, threads: int) -> None:
    """Set up a worker process; see `Workers` for the arguments."""
    global _tools
    # Ctrl-C reaches all processes of a terminal; the server decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)  # Whoever draws comes first.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads or 1)  # Of all but the network.
    from raysal.annotate.tool.prepare.cache import Cache
    from raysal.annotate.tool.prepare.task import Tools

    _tools = Tools(Cache(folder, most_bytes), threads)


def run(task: Task) -> str | None:
    """Run a task in a worker; None, or why there is no result."""
    assert _tools is not None
    try:
        task.run(_tools)
    except (RaysalError, OSError) as error:
        return one_line(error)
    except MemoryError:
        return "the memory does not suffice for an image of this size"
    return None


def one_line(error: BaseException) -> str:
    """The first line of what an error says."""
    text = str(error).splitlines()
    return text[0] if text else type(error).__name__


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
