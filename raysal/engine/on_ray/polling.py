"""Calling a function repeatedly while other work runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def polled(look: Callable[[], None], every_s: float) -> Iterator[None]:
    """While the block runs, call `look` every `every_s` seconds in a thread, and once on exit."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(every_s):
            look()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        look()
