"""Who works on which image now.

A lease ends by the server's own monotonic clock, so that no other clock matters.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Lease:
    """Attributes:
    person: who works on the image.
    ends: second of the server's clock.
    """

    person: str
    ends: float


class Leases:
    """All leases; safe to be used by several threads.

    Args:
        seconds: how long one lasts unless it is renewed.
        clock: gives seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._of: dict[str, dict[str, Lease]] = {}

    def take(self, key: str, person: str, at_most: int = 1) -> Lease | None:
        """Take or renew a lease.

        Args:
            at_most: number of people who may work on the image at once.

        Returns:
            None if it was taken; else the lease of somebody else that is in the way.
        """
        with self._lock:
            here = self._live(key)
            others = [lease for lease in here.values() if lease.person != person]
            if len(others) >= at_most:
                return min(others, key=lambda lease: lease.ends)
            here[person] = Lease(person, self._clock() + self.seconds)
            self._of[key] = here
            return None

    def release(self, key: str, person: str) -> None:
        """Give a lease back; nothing if there is none."""
        with self._lock:
            self._of.get(key, {}).pop(person, None)

    def holders(self, key: str) -> list[str]:
        """Who works on an image, those who began first in front."""
        with self._lock:
            return list(self._live(key))

    def all(self) -> dict[str, tuple[str, ...]]:
        """Who works on which images, by key; as `holders`."""
        with self._lock:
            return {key: tuple(live) for key in list(self._of) if (live := self._live(key))}

    def left(self, lease: Lease) -> float:
        """Seconds until a lease ends, from 0."""
        return max(0.0, lease.ends - self._clock())

    def _live(self, key: str) -> dict[str, Lease]:
        now = self._clock()
        here = {p: lease for p, lease in self._of.get(key, {}).items() if lease.ends > now}
        if not here:
            self._of.pop(key, None)
        return here
