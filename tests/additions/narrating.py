"""An example of an engine: the in-process engine, which prints a line first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysal.engine.info import EngineInfo
from raysal.engine.sweep import run_in_turn

if TYPE_CHECKING:
    from raysal.engine.base import Engine
    from raysal.engine.config import EngineConfig


def _build(config: EngineConfig) -> Engine:
    from raysal.engine.local.engine import LocalEngine

    print("the narrating engine starts")
    return LocalEngine(config)


INFO = EngineInfo(build=_build, run_experiments=run_in_turn)
