"""ASHA over the rounds of experiments, whose decisions survive the driver."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from raysal.engine.judgements import Judgement, add_judgement, drop_torn_line, read_judgements
from raysal.engine.sweep import Halving, SweepWatch


class RoundsAsha(ASHAScheduler):
    """Tune's ASHA with a log, because Tune loses the scheduler's state when the driver ends.

    Every decision is logged before it takes effect. A resumed sweep starts with the logged results,
    and does not decide again about rounds that a resumed experiment reports again.
    """

    def __init__(self, halving: Halving, watch: SweepWatch) -> None:
        longest = max(halving.rounds.values())
        super().__init__(
            time_attr="round",
            metric="value",
            mode="max",
            # No comparison at the last round, after which nothing is left to stop.
            max_t=max(longest - 1, halving.grace_rounds),
            grace_period=halving.grace_rounds,
            reduction_factor=halving.reduction_factor,
            stop_last_trials=False,
        )
        self._halving, self._watch = halving, watch
        self._judged: set[tuple[str, int]] = set()
        known = read_judgements(halving.log)
        drop_torn_line(halving.log)
        for name in halving.rounds:
            super().on_trial_add(None, _named(name))
        for entry in known:
            if entry.metric == halving.metric:
                super().on_trial_result(None, _named(entry.trial), entry.model_dump())
                self._judged.add((entry.trial, entry.round))

    def __getstate__(self) -> dict[str, Any]:
        # Tune writes a copy to disk, which is never read.
        return {key: value for key, value in vars(self).items() if key != "_watch"}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Ignored: all trials were added by name, as Tune's ids change when a sweep resumes."""

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Nothing is left to decide."""

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Nothing is left to decide."""

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """CONTINUE or STOP; the watch is told of a stop."""
        if "value" not in result or (result["name"], result["round"]) in self._judged:
            return str(TrialScheduler.CONTINUE)
        name, done = result["name"], result["round"]
        action = str(super().on_trial_result(tune_controller, _named(name), result))
        if done >= self._halving.rounds[name]:
            return str(TrialScheduler.CONTINUE)
        entry = {
            "trial": name,
            "round": done,
            "metric": self._halving.metric,
            "value": result["value"],
            "action": action,
        }
        add_judgement(self._halving.log, Judgement.model_validate(entry))
        self._judged.add((name, done))
        if action == TrialScheduler.STOP:
            self._watch.stopped(name, done)
        return action


def _named(name: str) -> Any:
    """The only attribute of a trial that ASHA reads."""
    return SimpleNamespace(trial_id=name)
