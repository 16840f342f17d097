"""Time and memory of a process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from raysal.errors import RunError

# `ru_maxrss` is in KiB on Linux and in bytes on macOS.
_MIB = 1 / 2**20 if sys.platform == "darwin" else 1 / 2**10


@dataclass(frozen=True)
class Ended:
    """A process that has ended well.

    Attributes:
        seconds: from its start to its end.
        cpu_s: seconds of all cores.
        peak_mib: largest resident memory.
    """

    seconds: float
    cpu_s: float
    peak_mib: float


def run_process(words: Sequence[str]) -> Ended:
    """Run a program without its output.

    Raises:
        RunError: it failed; with the last line of what it said.
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise RunError(
            f"{' '.join(words[:5])} ... ended with status {process.returncode}: "
            f"{lines[-1] if lines else 'it said nothing'}"
        )
    return Ended(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MIB)
