"""Processor cores of this machine; unlike most of this package, it imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """CPU cores that this process may use, by affinity and the container's quota."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = CGROUP_CPU.read_text().split()
    except (OSError, ValueError):
        return allowed
    return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))
