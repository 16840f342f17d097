"""A whole sweep: its experiments, and what they came to; running it again resumes it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from raysal.config.essence import difference, essence
from raysal.config.load import read_yaml
from raysal.engine.build import build_engine, engine_info, parallel_engines, run_experiments
from raysal.engine.config import EngineConfig
from raysal.engine.sweep import Halving, Problem, SweepJob
from raysal.errors import ConfigError, RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.run import check_network, run_experiment, summary_line
from raysal.progress import Silent, Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.lock import locked, wait_until_free
from raysal.sweep.config import SweepConfig
from raysal.sweep.layout import SweepPlace, mark_finished, records_of
from raysal.sweep.metric import measure_so_far
from raysal.sweep.results import TrialResult, read_results, unfinished, write_results
from raysal.sweep.trials import Sweep

VERSION = 1
# The workers of a killed driver end within seconds.
PATIENCE_S = 60.0


def run_sweep(sweep: Sweep, watch: Watch) -> tuple[TrialResult, ...]:
    """Run the trials that are not done yet; what they came to is written after each.

    A trial that fails leaves the others alone; its result says why.

    Raises:
        RunError: the folder is in use, or belongs to another sweep.
        RaysalError: data or weights that cannot be used, a cluster that cannot be.
    """
    _check_before(sweep)
    place = SweepPlace(sweep.folder)
    place.trials.mkdir(parents=True, exist_ok=True)
    with locked(place.root):
        _claim(sweep, place, watch)
        left = unfinished(sweep)
        watch.say(f"{len(sweep.trials) - len(left)} of {len(sweep.trials)} trials are done")
        progress = _Progress(sweep, watch)
        if left:
            # Experiments that run in turn show their own progress.
            seen = Silent() if _parallel(sweep) else watch
            configs = {trial.name: trial.config for trial in left}
            job = SweepJob(
                names=tuple(configs),
                run=partial(_run_trial, configs, seen),
                so_far=partial(_so_far, sweep.config, {t.name: t.folder for t in left}),
                concurrency=sweep.config.concurrency,
                train_workers=max(config.train.workers for config in configs.values()),
                folder=place.tune,
                halving=_halving(sweep, place),
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
    """What the metric was after each recorded round."""
    records = records_of(folders[name])
    return [measure_so_far(config, records[: i + 1]) for i in range(len(records))]


@dataclass
class _Progress:
    """Tells the user what the engine tells, and keeps what failed."""

    sweep: Sweep
    watch: Watch
    problems: dict[str, Problem] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    bar: bool = False

    def begin(self, job: SweepJob) -> None:
        """Rounds of all trials are one bar, unless the experiments draw their own."""
        self.rounds = {name: len(records_of(self._folder(name))) for name in job.names}
        self.bar = _parallel(self.sweep)
        if self.bar:
            rounds = {trial.name: trial.config.al.rounds for trial in self.sweep.trials}
            left = sum(rounds[name] - done for name, done in self.rounds.items())
            self.watch.start("rounds", left)

    def recorded(self, name: str, rounds: int) -> None:
        """See `SweepWatch`; rounds of an earlier run are told again by a resumed trial."""
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
                self.watch.finish()  # What the experiment was at.
            self.problems[name] = problem
            self.watch.say(f"{name}: failed: {problem.line}")
            if problem.trace:
                path = self._folder(name) / "failure.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(problem.trace)
        self.write()

    def finish(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.watch.finish()

    def write(self) -> tuple[TrialResult, ...]:
        """What is known so far, on disk too."""
        results = read_results(self.sweep, self.problems)
        write_results(self.sweep, results)
        return results

    def _folder(self, name: str) -> Path:
        return SweepPlace(self.sweep.folder).trials / name


def _engine(sweep: Sweep) -> EngineConfig:
    """No parameter is of the engine, so that it is the same for all trials."""
    return sweep.trials[0].config.engine


def _parallel(sweep: Sweep) -> bool:
    """Whether trials run in parallel rather than one after the other."""
    return engine_info(_engine(sweep).name).parallel_trials


def _halving(sweep: Sweep, place: SweepPlace) -> Halving | None:
    config = sweep.config
    if config.scheduler == "none":
        return None
    return Halving(
        grace_rounds=config.grace_rounds,
        reduction_factor=config.reduction_factor,
        metric=config.metric,
        rounds={trial.name: trial.config.al.rounds for trial in sweep.trials},
        log=place.judgements,
    )


def _check_before(sweep: Sweep) -> None:
    """What would fail in every trial fails before the first."""
    asks_for_parallel = sweep.config.scheduler != "none" or sweep.config.concurrency > 1
    if asks_for_parallel and not _parallel(sweep):
        raise ConfigError(
            f"engine.name={_engine(sweep).name} runs trials one after the other, each to its end; "
            "sweep.scheduler=asha and sweep.concurrency need "
            f"engine.name={' or '.join(parallel_engines())}"
        )
    data = {str(trial.config.data.dump()): trial.config.data for trial in sweep.trials}
    for dataset in data.values():
        dataset.check()
    networks = {
        f"{trial.config.resolved_model} {trial.config.acquisition.needs.stage}": trial.config
        for trial in sweep.trials
    }
    for config in networks.values():
        check_network(config)


def _claim(sweep: Sweep, place: SweepPlace, watch: Watch) -> None:
    """Write the definition into a new folder, or compare it with the one that is there.

    Trials may be added at any time. Those whose first model is not trained yet may also change or
    go, for with them nothing is lost.
    """
    fingerprints = {trial.name: trial.config.fingerprint() for trial in sweep.trials}
    ours = _definition(sweep, fingerprints)
    if place.definition.exists():
        theirs = read_yaml(place.definition)
        changes = difference(_flat(theirs), _flat(ours))
        gone = [n for n, made_of in theirs["trials"].items() if fingerprints.get(n) != made_of]
        if any((place.trials / name / "rounds" / "000" / "model").exists() for name in gone):
            raise RunError(
                f"{place.root} was made with another configuration ({changes}); values and "
                "seeds may be added, else give this sweep another name, or set those back"
            )
        if changes:
            watch.say(f"the sweep has changed ({changes})")
        for name in gone:
            shutil.rmtree(place.trials / name, ignore_errors=True)
    write_bytes(place.definition, yaml.safe_dump(ours, sort_keys=False).encode())


def _definition(sweep: Sweep, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "sweep": sweep.config.dump(),
        "experiment": dict(sweep.settings),
        "trials": dict(fingerprints),
    }


def _flat(definition: Mapping[str, Any]) -> dict[str, Any]:
    """By dotted key, as a person may compare it."""
    parameters = definition["sweep"]["parameters"]
    axes = {f"sweep.parameters.{key}": list(axis["values"]) for key, axis in parameters.items()}
    seeds = {"sweep.seeds": definition["sweep"]["seeds"]}
    samples = {key: definition["sweep"][key] for key in ("samples", "draw_seed")}
    settings = essence(ExperimentConfig, definition["experiment"])
    return {**axes, **seeds, **samples, **settings}
