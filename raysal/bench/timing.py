"""Times of several steps, taken in turn."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from raysal.bench.result import Figure
from raysal.progress import Silent, Watch

PER_S = {"s": 1.0, "ms": 1e3, "us": 1e6}


@dataclass(frozen=True)
class Timing:
    """Seconds of each step, one for every round."""

    taken: Mapping[str, tuple[float, ...]]

    def seconds(self, step: str) -> float:
        """The median."""
        return statistics.median(self.taken[step])

    def ratio(self, step: str, to: str) -> float:
        """Time of `step` divided by that of `to`: the median of the rounds' own ratios, which a
        machine that becomes slower while it is measured does not change."""
        pairs = zip(self.taken[step], self.taken[to], strict=True)
        return statistics.median(a / b for a, b in pairs)

    def duration(
        self, step: str, what: str, to: str = "", name: str = "", unit: str = "ms", of: str = ""
    ) -> Figure:
        """How long a step takes.

        Args:
            to: step that its time is divided by.
            name: what the figure of that step is called; by default as the step.
            unit: `s`, `ms` or `us`.
            of: see `Figure`.
        """
        taken = [value * PER_S[unit] for value in self.taken[step]]
        return Figure(
            what,
            statistics.median(taken),
            unit,
            ratio=self.ratio(step, to) if to else None,
            to=(name or to) if to else "",
            spread=(min(taken), max(taken)),
            of=of,
        )

    def rate(
        self,
        step: str,
        what: str,
        count: float,
        unit: str = "images/s",
        to: str = "",
        name: str = "",
        of: str = "",
    ) -> Figure:
        """How many things a step does in a second, when it does `count` at a time.

        Args:
            to, name, of: as for `duration`; both steps do equally many.
        """
        rates = [count / value for value in self.taken[step]]
        return Figure(
            what,
            statistics.median(rates),
            unit,
            ratio=self.ratio(to, step) if to else None,
            to=(name or to) if to else "",
            spread=(min(rates), max(rates)),
            of=of,
        )


def measure(
    steps: Mapping[str, Callable[[], object]],
    rounds: int,
    watch: Watch | None = None,
    warm_up: bool = True,
) -> Timing:
    """Run all steps once to warm up, then time them in turn, `rounds` times.

    Every other round runs them in reverse, so that none always follows the same other.
    """
    watch = watch or Silent()
    taken: dict[str, list[float]] = {name: [] for name in steps}
    forwards = list(steps.items())
    first = 0 if warm_up else 1
    watch.start("measure", (rounds + 1 - first) * len(steps))
    for turn in range(first, rounds + 1):
        for name, step in forwards if turn % 2 else forwards[::-1]:
            start = time.perf_counter()
            step()
            _wait_for_gpu()
            if turn:
                taken[name].append(time.perf_counter() - start)
            watch.advance(1, name)
    watch.finish()
    return Timing({name: tuple(values) for name, values in taken.items()})


def _wait_for_gpu() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
