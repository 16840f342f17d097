"""Memory of the activations of training on a CPU."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator

import torch

# Options of glibc's mallopt(3). Once they are set, glibc no longer adapts its thresholds; at the
# end they get the values that it arrives at by itself in a process with large tensors.
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
AFTERWARDS = {MMAP_MAX: 65_536, MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 64 << 20}
NEVER = 2**31 - 1


@contextlib.contextmanager
def kept_on(device: torch.device) -> Iterator[None]:
    """Within it, the process keeps what it frees, and gives it back at the end; on CPUs only.

    Otherwise glibc returns each large tensor to the system when it is freed, and the system clears
    the same memory again for the next one: 130,000 pages in each step of DeepLabv3+ on four images
    of 360x480, a twentieth of its time. Where the C library has no such options, nothing happens.
    """
    option = _function("mallopt") if device.type == "cpu" else None
    if option is None:
        yield
        return
    option(MMAP_MAX, 0)
    option(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        for name, value in AFTERWARDS.items():
            option(name, value)
        trim = _function("malloc_trim")
        if trim is not None:
            trim(0)


def _function(name: str) -> Callable[..., int] | None:
    """A function of the C library that this process runs with; None if it has none."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):  # macOS, musl, Windows.
        return None
    return found
