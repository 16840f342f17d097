"""Looking at something again and again beside the work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def polled(look: Callable[[], None], every_s: float) -> Iterator[None]:
    """Meanwhile, call a function every so many seconds, in a thread; and once more at the end."""
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
