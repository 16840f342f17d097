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
    """Set `WAITING`, but for what the user has set."""
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)
