"""What was used last, up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict


class Recent:
    """Bytes by key, of which those that were not used for longest are forgotten; safe to be used by
    several threads.

    Args:
        most_bytes: of all values together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most, self._bytes = most_bytes, 0
        self._lock = threading.Lock()
        self._of: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """The value; None if it is not there."""
        with self._lock:
            if key not in self._of:
                return None
            self._of.move_to_end(key)
            return self._of[key]

    def put(self, key: str, value: bytes) -> None:
        """Keep a value, unless it is larger than all may be."""
        if len(value) > self._most:
            return
        with self._lock:
            self._bytes += len(value) - len(self._of.pop(key, b""))
            self._of[key] = value
            while self._bytes > self._most:
                _, oldest = self._of.popitem(last=False)
                self._bytes -= len(oldest)
