"""ASHA over the rounds of experiments, with a memory that outlives the driver."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from raysal.engine.sweep import Halving, SweepWatch, judgements
from raysal.storage.atomic import write_bytes


class RoundsAsha(ASHAScheduler):
    """Tune's ASHA that remembers, since Tune itself forgets its scheduler with the driver.

    Every judgement is written down before it takes effect. A resumed sweep begins with all of
    them in its rungs, and the rounds that a resumed experiment reports again are not judged again.
    """

    def __init__(self, halving: Halving, watch: SweepWatch) -> None:
        longest = max(halving.rounds.values())
        super().__init__(
            time_attr="round",
            metric="value",
            mode="max",
            # No rung at the last round: what is done cannot be stopped any more.
            max_t=max(longest - 1, halving.grace_rounds),
            grace_period=halving.grace_rounds,
            reduction_factor=halving.reduction_factor,
            stop_last_trials=False,
        )
        self._halving, self._watch = halving, watch
        self._judged: set[tuple[str, int]] = set()
        known = judgements(halving.log)
        # Without the half of a line that a killed sweep may have left at the end.
        write_bytes(halving.log, "".join(f"{json.dumps(entry)}\n" for entry in known).encode())
        for name in halving.rounds:
            super().on_trial_add(None, _named(name))
        for entry in known:
            if entry["metric"] == halving.metric:
                super().on_trial_result(None, _named(entry["trial"]), entry)
                self._judged.add((entry["trial"], entry["round"]))

    def __getstate__(self) -> dict[str, Any]:
        # Tune keeps a copy on disk, which nothing is read from.
        return {key: value for key, value in vars(self).items() if key != "_watch"}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Known from the start, by name: Tune's own ids are others in each life of the sweep."""

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Nothing is left to judge."""

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Nothing is left to judge."""

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Whether to go on; told to the watch if not."""
        if "value" not in result or (result["name"], result["round"]) in self._judged:
            return str(TrialScheduler.CONTINUE)
        name, done = result["name"], result["round"]
        action = str(super().on_trial_result(tune_controller, _named(name), result))
        if done >= self._halving.rounds[name]:
            return str(TrialScheduler.CONTINUE)
        entry = {
            "trial": name, "round": done, "metric": self._halving.metric,
            "value": result["value"], "action": action,
        }  # fmt: skip
        with self._halving.log.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._judged.add((name, done))
        if action == TrialScheduler.STOP:
            self._watch.stopped(name, done)
        return action


def _named(name: str) -> Any:
    """As much of a trial as ASHA looks at."""
    return SimpleNamespace(trial_id=name)
