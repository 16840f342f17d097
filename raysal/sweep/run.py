"""A whole sweep; running it again resumes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from raysal.data.sets.base import SPLITS
from raysal.engine.build import build_engine, engine_info, parallel_engines, run_experiments
from raysal.engine.config import EngineConfig
from raysal.engine.sweep import Halving, Problem, SweepJob
from raysal.errors import ConfigError
from raysal.experiment.check import Items, check_files, check_network
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.outcome import summary_line
from raysal.experiment.remarks import remarks
from raysal.experiment.run import run_experiment
from raysal.progress import Silent, Watch
from raysal.storage.lock import locked, wait_until_free
from raysal.sweep.claim import claim_folder
from raysal.sweep.config import SweepConfig
from raysal.sweep.layout import SweepLayout, failure_file, mark_finished, records_of
from raysal.sweep.metric import measure_so_far
from raysal.sweep.results import (
    TrialResult,
    check_judgements,
    read_results,
    unfinished,
    write_results,
)
from raysal.sweep.trials import Sweep

# Timeout for the workers of a killed driver, which end within seconds.
PATIENCE_S = 60.0


def run_sweep(sweep: Sweep, watch: Watch) -> tuple[TrialResult, ...]:
    """Run the unfinished trials; the results on disk are updated after each.

    A failed trial does not affect the others; its result says why it failed.

    Raises:
        RunError: the folder is in use, or belongs to another sweep.
        RaysalError: data, weights or the cluster cannot be used.
    """
    _check_before(sweep)
    layout = SweepLayout(sweep.folder)
    layout.trials.mkdir(parents=True, exist_ok=True)
    with locked(layout.root):
        claim_folder(sweep, layout, watch)
        check_judgements(layout)
        left = unfinished(sweep)
        watch.say(f"{len(sweep.trials) - len(left)} of {len(sweep.trials)} trials are done")
        if left and _parallel(sweep):
            for line in _remarks(sweep):
                watch.say(line)
        progress = _Progress(sweep, watch)
        if left:
            # Experiments that run one after the other display their own progress.
            seen = Silent() if _parallel(sweep) else watch
            configs = {trial.name: trial.config for trial in left}
            job = SweepJob(
                names=tuple(configs),
                run=partial(_run_trial, configs, seen),
                so_far=partial(_so_far, sweep.config, {t.name: t.folder for t in left}),
                concurrency=sweep.config.concurrency,
                train_workers=max(config.train.workers for config in configs.values()),
                folder=layout.tune,
                halving=_halving(sweep, layout),
            )
            progress.begin(job)
            try:
                run_experiments(job, _engine(sweep), progress)
            finally:
                progress.finish()
        return progress.write()


def _run_trial(
    configs: Mapping[str, ExperimentConfig], watch: Watch, name: str, engine: EngineConfig
) -> None:
    config = configs[name].model_copy(update={"engine": engine})
    config.folder.mkdir(parents=True, exist_ok=True)
    watch.say(f"trial {name}")
    wait_until_free(config.folder, PATIENCE_S)
    mark_finished(config.folder, run_experiment(config, lambda: build_engine(engine), watch))


def _so_far(config: SweepConfig, folders: Mapping[str, Path], name: str) -> list[float | None]:
    """The metric after each recorded round."""
    records = records_of(folders[name])
    return [measure_so_far(config, records[: i + 1]) for i in range(len(records))]


@dataclass
class _Progress:
    """Reports the progress of the trials to the user, and collects failures."""

    sweep: Sweep
    watch: Watch
    problems: dict[str, Problem] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    bar: bool = False

    def begin(self, job: SweepJob) -> None:
        """Start one bar over the rounds of all trials, unless the experiments display their own."""
        self.rounds = {name: len(records_of(self._folder(name))) for name in job.names}
        self.bar = _parallel(self.sweep)
        if self.bar:
            rounds = {trial.name: trial.config.al.rounds for trial in self.sweep.trials}
            left = sum(rounds[name] - done for name, done in self.rounds.items())
            self.watch.start("rounds", left)

    def recorded(self, name: str, rounds: int) -> None:
        """See `SweepWatch`; a resumed trial reports rounds of an earlier run again."""
        if rounds > self.rounds[name]:
            self.rounds[name] = rounds
            record = records_of(self._folder(name))[rounds - 1]
            self.watch.say(f"{name}: {summary_line(record)}")
            self.watch.advance(1)

    def stopped(self, name: str, rounds: int) -> None:
        """See `SweepWatch`."""
        self.watch.say(f"{name}: stopped after {rounds} round(s), worse than most of the others")
        self.write()

    def ended(self, name: str, problem: Problem | None) -> None:
        """See `SweepWatch`."""
        if problem is None:
            self.watch.say(f"{name}: done")
        else:
            if not self.bar:
                self.watch.finish()  # The task that failed.
            self.problems[name] = problem
            self.watch.say(f"{name}: failed: {problem.line}")
            if problem.trace:
                path = failure_file(self._folder(name))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(problem.trace)
        self.write()

    def finish(self) -> None:
        """Remove the bar."""
        if self.bar:
            self.watch.finish()

    def write(self) -> tuple[TrialResult, ...]:
        """Write the results so far to disk, and return them."""
        results = read_results(self.sweep, self.problems)
        write_results(self.sweep, results)
        return results

    def _folder(self, name: str) -> Path:
        return SweepLayout(self.sweep.folder).trial(name).root


def _remarks(sweep: Sweep) -> list[str]:
    """What experiments that run one after the other say themselves when they start, once each."""
    items: dict[str, Items] = {}
    said: dict[str, int] = {}
    for trial in sweep.trials:
        data = trial.config.data
        if str(data) not in items:
            items[str(data)] = {split: data.items(split) for split in SPLITS}
        for line in remarks(trial.config, items[str(data)]):
            said[line] = said.get(line, 0) + 1
    trials = len(sweep.trials)
    return [
        line if count == trials else f"{line} ({count} of {trials} trials)"
        for line, count in said.items()
    ]


def _engine(sweep: Sweep) -> EngineConfig:
    """The engine of all trials; parameters cannot change it."""
    return sweep.trials[0].config.engine


def _parallel(sweep: Sweep) -> bool:
    """Whether trials run in parallel rather than one after the other."""
    return engine_info(_engine(sweep).name).parallel_trials


def _halving(sweep: Sweep, layout: SweepLayout) -> Halving | None:
    config = sweep.config
    if config.scheduler == "none":
        return None
    return Halving(
        grace_rounds=config.grace_rounds,
        reduction_factor=config.reduction_factor,
        metric=config.metric,
        rounds={trial.name: trial.config.al.rounds for trial in sweep.trials},
        log=layout.judgements,
    )


def _check_before(sweep: Sweep) -> None:
    """Check what would fail in every trial."""
    asks_for_parallel = sweep.config.scheduler != "none" or sweep.config.concurrency > 1
    if asks_for_parallel and not _parallel(sweep):
        raise ConfigError(
            f"engine.name={_engine(sweep).name} runs trials one after the other, each to its end; "
            "sweep.scheduler=asha and sweep.concurrency need "
            f"engine.name={' or '.join(parallel_engines())}"
        )
    if any(trial.config.oracle == "people" for trial in sweep.trials):
        raise ConfigError(
            "a sweep cannot wait for people: oracle=people is for 'raysal run'; compare strategies "
            "with oracle=simulated on images that are labelled"
        )
    check_files(trial.config for trial in sweep.trials)
    networks = {
        f"{trial.config.resolved_model} {trial.config.stage} {trial.config.encoder}": trial.config
        for trial in sweep.trials
    }
    for config in networks.values():
        check_network(config)
