"""Running many experiments: what an engine is given, and how to run them one after the other."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from raysal.engine.config import EngineConfig
from raysal.errors import RaysalError, one_line


@dataclass(frozen=True)
class Halving:
    """Asynchronous successive halving (ASHA; Li et al., 2020) over the rounds of experiments.

    Attributes:
        grace_rounds: rounds that every experiment completes before it can be stopped.
        reduction_factor: one in this many experiments continues past each comparison.
        metric: name of the metric that is compared.
        rounds: number of rounds of each experiment, by name.
        log: file with all decisions so far; a resumed sweep repeats them instead of deciding
            again.
    """

    grace_rounds: int
    reduction_factor: float
    metric: str
    rounds: Mapping[str, int]
    log: Path


@dataclass(frozen=True)
class SweepJob:
    """The experiments of a sweep, by name. The functions are pickled and run in other processes.

    Attributes:
        names: in the order in which they start.
        run: runs one experiment, or the rest of one that was interrupted.
        so_far: value of the metric after each recorded round; None where it is not known.
        concurrency: experiments that run at a time.
        train_workers: largest `train.workers` of all experiments.
        folder: scratch folder for the engine; removed at the end.
        halving: stops the worse experiments early; None runs all to the end.
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
    """Why an experiment failed: one line, and a traceback unless the user caused it."""

    line: str
    trace: str = ""


class SweepWatch(Protocol):
    """Receives the progress of the experiments, in the driver's process."""

    def recorded(self, name: str, rounds: int) -> None:
        """An experiment has recorded `rounds` rounds so far."""

    def stopped(self, name: str, rounds: int) -> None:
        """The scheduler has stopped an experiment after `rounds` rounds."""

    def ended(self, name: str, problem: Problem | None) -> None:
        """An experiment has finished, or has failed if there is a problem."""


def attempt(
    run: Callable[[str, EngineConfig], None], name: str, config: EngineConfig
) -> Problem | None:
    """Run one experiment and return its problem, or None if it succeeded."""
    try:
        run(name, config)
    except (RaysalError, OSError) as error:
        return Problem(one_line(error))
    except Exception as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return Problem(line, traceback.format_exc())
    return None


def run_in_turn(job: SweepJob, config: EngineConfig, watch: SweepWatch) -> None:
    """Run the experiments one after the other in this process."""
    for name in job.names:
        watch.ended(name, attempt(job.run, name, config))
