"""The engine that a benchmark runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from raysal.config.load import validate
from raysal.engine.base import Engine
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig


@contextmanager
def built(name: str, **settings: object) -> Iterator[Engine]:
    """An engine, until the block ends.

    Args:
        settings: other ones of `EngineConfig`.

    Raises:
        ConfigError: there is no engine of that name.
        ClusterError: the cluster cannot be reached or is too small.
    """
    engine = build_engine(validate(EngineConfig, {"name": name, **settings}, "--engine"))
    try:
        yield engine
    finally:
        engine.close()
