"""Time and memory of a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from raysal.errors import RunError

# `ru_maxrss` is in KiB on Linux and in bytes on macOS.
_MIB = 1 / 2**20 if sys.platform == "darwin" else 1 / 2**10
# Linux counts the memory of the process that starts another one as the peak of that one; this one
# is small.
_LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([time.perf_counter() - start, os.waitstatus_to_exitcode(status),
                  usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


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
    ended = subprocess.run([sys.executable, "-S", "-c", _LAUNCHER, *words], capture_output=True)
    seconds, status, cpu_s, peak = json.loads(ended.stdout)
    if status:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        raise RunError(
            f"{' '.join(words[:5])} ... ended with status {status}: "
            f"{lines[-1] if lines else 'it said nothing'}"
        )
    return Ended(seconds, cpu_s, peak * _MIB)
