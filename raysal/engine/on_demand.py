"""An engine that is built only if there is work for it."""

from __future__ import annotations

from collections.abc import Callable

from raysal.engine.base import Engine


class EngineOnDemand:
    """Calling it gives the engine, always the same one.

    Args:
        make: builds the engine, when it is asked for the first time.
        check: called with the engine once, before it is used.
    """

    def __init__(self, make: Callable[[], Engine], check: Callable[[Engine], None]) -> None:
        self._make, self._check = make, check
        self._engine: Engine | None = None

    def __call__(self) -> Engine:
        if self._engine is None:
            self._engine = self._make()
            self._check(self._engine)
        return self._engine

    def close(self) -> None:
        """Stop the engine, if it was built."""
        if self._engine is not None:
            self._engine.close()
