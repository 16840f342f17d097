"""ASHA over rounds: which trials stop, what is logged, and what a resumed sweep remembers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from raysal.engine.judgements import read_judgements, stopped_early
from raysal.engine.on_ray.asha import RoundsAsha
from raysal.engine.sweep import Halving, Problem


class Stops:
    """Records the trials that are stopped."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = []

    def recorded(self, name: str, rounds: int) -> None:
        raise AssertionError

    def stopped(self, name: str, rounds: int) -> None:
        self.found.append((name, rounds))

    def ended(self, name: str, problem: Problem | None) -> None:
        raise AssertionError


@pytest.fixture
def halving(tmp_path: Path) -> Halving:
    rounds = dict.fromkeys("abcd", 4)
    return Halving(1, 2.0, "final_miou", rounds, tmp_path / "asha.jsonl")


class Driver:
    """What Tune does with a scheduler."""

    def __init__(self, halving: Halving) -> None:
        self.stops = Stops()
        self.asha = RoundsAsha(halving, self.stops)
        self.trials: dict[str, SimpleNamespace] = {}

    def report(self, name: str, done: int, value: float | None) -> str:
        if name not in self.trials:
            self.trials[name] = SimpleNamespace(trial_id=f"{id(self)}-{name}")
            self.asha.on_trial_add(None, self.trials[name])
        known = {} if value is None else {"value": value}
        result = {"name": name, "round": done, **known}
        return self.asha.on_trial_result(None, self.trials[name], result)


def test_the_worse_half_is_stopped_at_each_look(halving: Halving) -> None:
    driver = Driver(halving)
    assert driver.report("a", 1, 0.5) == "CONTINUE"  # Nothing to compare with.
    assert driver.report("b", 1, 0.4) == "STOP"
    assert driver.report("c", 1, 0.6) == "CONTINUE"
    assert driver.report("d", 1, None) == "CONTINUE"  # Unknown is not worse.
    assert driver.report("c", 2, 0.7) == "CONTINUE"
    assert driver.report("a", 2, 0.6) == "STOP"
    assert driver.report("c", 3, 0.1) == "CONTINUE"  # No look after three rounds.
    assert driver.report("d", 4, 0.0) == "CONTINUE"  # Done: there is nothing to stop.
    assert driver.stops.found == [("b", 1), ("a", 2)]
    assert stopped_early(halving.log, "final_miou") == {"b": 1, "a": 2}
    assert stopped_early(halving.log, "auc_miou") == {}


def test_a_resumed_sweep_remembers(halving: Halving) -> None:
    first = Driver(halving)
    first.report("a", 1, 0.5)
    first.report("b", 1, 0.6)
    first.report("b", 2, 0.7)
    first.report("d", 1, 0.55)
    with halving.log.open("a") as file:
        file.write('{"trial": "c", "rou')  # Killed while writing.
    again = Driver(halving)
    # What was judged is not judged again, even where it would be stopped by now.
    assert again.report("a", 1, 0.5) == "CONTINUE"
    assert again.report("c", 1, 0.4) == "STOP"
    assert again.report("a", 2, 0.6) == "STOP"
    assert again.report("b", 3, 0.1) == "CONTINUE"  # No look after three rounds.
    assert again.stops.found == [("c", 1), ("a", 2)]
    entries = [(e.trial, e.round, e.action) for e in read_judgements(halving.log)]
    assert entries == [
        ("a", 1, "CONTINUE"), ("b", 1, "CONTINUE"), ("b", 2, "CONTINUE"), ("d", 1, "CONTINUE"),
        ("c", 1, "STOP"), ("a", 2, "STOP"), ("b", 3, "CONTINUE"),
    ]  # fmt: skip
    assert all(map(json.loads, halving.log.read_text().splitlines()))
