"""All benchmarks that need nothing but this machine, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Protocol

from raysal.bench.document import Ran
from raysal.bench.machine import load
from raysal.bench.result import Result
from raysal.errors import RaysalError, one_line
from raysal.progress import Watch

# Each is a module of this package with a function `small`, in the order in which they run. Those
# that are not here need a browser (annotate, clicks), or longer (scale).
BENCHES = (
    "score",
    "train",
    "pam",
    "votes",
    "regions",
    "coreset",
    "select",
    "report",
    "decode",
    "startup",
)


class Small(Protocol):
    """The function `small` of a benchmark's module."""

    def __call__(self, engine: str, watch: Watch) -> Result:
        """Measure at sizes with which it takes at most some minutes on two cores.

        Args:
            engine: name of the engine; benchmarks that need none ignore it.
        """


def run_all(engine: str, watch: Watch) -> Iterator[Ran]:
    """Run `BENCHES` at small sizes; one that fails does not stop the others."""
    for name in BENCHES:
        yield run_one(name, partial(_run_small, name, engine), watch)


def run_one(name: str, bench: Callable[[Watch], Result], watch: Watch) -> Ran:
    """Run one; an error is part of what is returned."""
    before, start = load(), time.perf_counter()
    result, error = None, ""
    try:
        result = bench(watch)
    except (RaysalError, OSError) as told:
        error = one_line(told)
    except Exception as bug:
        said = str(bug).strip().splitlines()
        error = (
            f"{type(bug).__name__}: {said[0] if said else ''}; see `raysal bench {name} --debug`"
        )
    watch.finish()
    return Ran(name, result, error, time.perf_counter() - start, (before, load()))


def _run_small(name: str, engine: str, watch: Watch) -> Result:
    return _small(name)(engine, watch)


def _small(name: str) -> Small:
    small: Small = import_module(f"{__package__}.{name}").small
    return small
