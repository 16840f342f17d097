"""How OpenMP's threads wait for each other; it is read once, when torch is imported."""

from __future__ import annotations

import os

WAITING = {
    # Threads that spin for long take cores from other processes. Those that never spin must be
    # woken for each of a thousand small operations: a quarter of a training step on 96x128.
    "OMP_WAIT_POLICY": "PASSIVE",
    # GNU's: steps of spinning before a thread sleeps after all, a fraction of a millisecond.
    "GOMP_SPINCOUNT": "10000",
}
"""Environment variables."""


def wait_briefly() -> None:
    """Set `WAITING`, unless the user has set one of them: the second overrides the first."""
    if not WAITING.keys() & os.environ.keys():
        os.environ.update(WAITING)


def waiting_here() -> dict[str, str]:
    """Those of `WAITING` that this process was started with or has set, with their values."""
    return {name: os.environ[name] for name in WAITING if name in os.environ}
