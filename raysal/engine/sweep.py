"""Running many experiments: what is given to an engine, and the plain way, one after the other."""

from __future__ import annotations

import contextlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from raysal.engine.config import EngineConfig
from raysal.errors import RaysalError, one_line

STOP = "STOP"


@dataclass(frozen=True)
class Halving:
    """Asynchronous successive halving (ASHA; Li et al., 2020) over the rounds of experiments.

    Attributes:
        metric: name of what is compared.
        rounds: how many each has, by name.
        log: file of its judgements, kept so that a resumed sweep does not judge anew.
    """

    grace_rounds: int
    reduction_factor: float
    metric: str
    rounds: Mapping[str, int]
    log: Path


@dataclass(frozen=True)
class SweepJob:
    """Experiments by name. The functions travel to other processes.

    Attributes:
        names: in the order in which they start.
        run: does one experiment, or what is left of it.
        so_far: what it is worth after each round that it has recorded; None where unknown.
        train_workers: the most that one of them trains with.
        folder: for records of the engine's own; removed at the end.
    """

    names: tuple[str, ...]
    run: Callable[[str, EngineConfig], None]
    so_far: Callable[[str], list[float | None]]
    concurrency: int
    train_workers: int
    folder: Path
    halving: Halving | None


@dataclass(frozen=True)
class Problem:
    """Why an experiment failed: a line, and for what is no user's mistake a traceback."""

    line: str
    trace: str = ""


class SweepWatch(Protocol):
    """Is told, in the driver, how the experiments get on."""

    def recorded(self, name: str, rounds: int) -> None:
        """An experiment has recorded so many rounds."""

    def stopped(self, name: str, rounds: int) -> None:
        """The scheduler ends an experiment after so many rounds."""

    def ended(self, name: str, problem: Problem | None) -> None:
        """An experiment is done, or cannot go on."""


def attempt(
    run: Callable[[str, EngineConfig], None], name: str, config: EngineConfig
) -> Problem | None:
    """Run one experiment; what went wrong, if anything."""
    try:
        run(name, config)
    except (RaysalError, OSError) as error:
        return Problem(one_line(error))
    except Exception as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return Problem(line, traceback.format_exc())
    return None


def judgements(log: Path) -> list[dict[str, Any]]:
    """What was judged so far: trial, round (counted from 1), metric, value and action."""
    entries = []
    if log.exists():
        for line in log.read_text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                entries.append(json.loads(line))
    return entries


def stopped_early(log: Path, metric: str) -> dict[str, int]:
    """Experiments that were stopped for being worse by `metric`, and after how many rounds."""
    return {
        entry["trial"]: entry["round"]
        for entry in judgements(log)
        if entry["metric"] == metric and entry["action"] == STOP
    }
