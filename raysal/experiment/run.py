"""A whole experiment; running it again resumes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from raysal.config.essence import local_paths
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.on_demand import EngineOnDemand
from raysal.experiment.annotators import Patience, oracle_of
from raysal.experiment.changeable import differ_in_queries, settings_of
from raysal.experiment.check import check_before_start
from raysal.experiment.check_corrections import note_corrections
from raysal.experiment.code_check import check_code
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round
from raysal.experiment.data_check import RunData, check_data
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.first_queries import FirstQueries
from raysal.experiment.grow import grow
from raysal.experiment.integrity import check_run
from raysal.experiment.layout import RunLayout
from raysal.experiment.measuring import WithDrawnSplits, measuring_set
from raysal.experiment.outcome import Outcome, measured_line, summary_line
from raysal.experiment.own_files import remove_discarded
from raysal.experiment.pending import pending_queries
from raysal.experiment.prepare import build_pool, claim_folder, note_window
from raysal.experiment.record import read_records
from raysal.experiment.remarks import remarks
from raysal.experiment.reopen import reopen
from raysal.experiment.round import run_round
from raysal.experiment.stage import restore
from raysal.experiment.stop import early_stop, is_over
from raysal.experiment.wait import wait_for_answers
from raysal.progress import Watch
from raysal.storage.lock import locked


def run_experiment(
    config: ExperimentConfig,
    make_engine: Callable[[], Engine],
    watch: Watch,
    patience: Patience = "end",
) -> Outcome:
    """Run all rounds that have no record yet; the others are read from disk.

    Args:
        make_engine: called only if there is work for an engine, after all checks, and again after
            each time of waiting.

    Raises:
        RunError: the folder is in use, or belongs to another configuration or to other data.
        DataError: a file in it is damaged or missing.
        RaysalError: see the stages.
    """
    layout = RunLayout(config.folder)
    checked = check_before_start(config)
    items = checked.items
    layout.root.mkdir(parents=True, exist_ok=True)
    with locked(layout.root):
        claim_folder(config, layout, watch)
        restore(layout.pool)
        remove_discarded(layout)
        check_run(layout, config, watch)
        check_code(checked.code, layout, watch)
        data = check_data(config.data, items, layout, watch)
        pool = build_pool(config, layout, watch)
        listed = {item.image_id for item in items["train"]}
        data = replace(data, gone=frozenset(pool.ids()) - listed)
        note_window(config, watch)
        note_corrections(config, layout, watch)
        for line in remarks(config, items):
            watch.say(line)
        for record in read_records(layout):
            watch.say(summary_line(record))
        ready = _Ready(config, layout, pool, data, patience, watch)
        ready = _go_on(ready, make_engine)
        while patience == "wait" and (waits_for := pending_queries(layout, config)):
            wait_for_answers(waits_for, watch)
            ready = _go_on(ready, make_engine)
        records = read_records(layout)
        if waits_for := pending_queries(layout, config, patience):
            return Outcome(layout, records, None, waits_for)
        stop = early_stop(records, config, layout, ready.pool.images)
        if stop is not None:
            watch.say(f"stopped after round {records[-1].round}: {stop.reason}")
        return Outcome(layout, records, stop)


@dataclass(frozen=True)
class _Ready:
    """A run that has been checked and has its pool."""

    config: ExperimentConfig
    layout: RunLayout
    pool: Pool
    data: RunData
    patience: Patience
    watch: Watch

    def round(self, index: int, engine: Engine) -> Round:
        """A round, with the settings that it was begun with, or the present ones."""
        here = self.layout.round(index)
        config = settings_of(here, self.layout, self.config)
        if differ_in_queries(config, self.config):
            self.watch.say(f"round {index}: goes on with the settings that it was begun with")
        measuring, identity = measuring_set(config, self.layout, self.pool), self.data.identity
        if isinstance(measuring, WithDrawnSplits):
            identity = measuring.identity(identity)
        return Round(
            config=config,
            rounds=self.config.al.rounds,
            layout=self.layout,
            pool=self.pool,
            engine=engine,
            oracle=oracle_of(config, self.layout, self.patience),
            watch=self.watch,
            index=index,
            excluded=excluded_from_query(config, self.layout, index) | self.data.gone,
            measuring=measuring,
            data=identity,
            stop=self.config.al.stop,
        )

    def grown(self, index: int) -> _Ready:
        """With the images that were added, unless the query of the round was begun."""
        here = self.layout.round(index)
        if not self.data.added or any(s.exists() for s in here.query_stages()):
            return self
        pool, data = grow(self.config, self.layout, self.pool, self.data, self.watch)
        return replace(self, pool=pool, data=data)


def _go_on(run: _Ready, make_engine: Callable[[], Engine]) -> _Ready:
    """Run rounds until the last one, or until people have to answer."""
    config, layout, watch = run.config, run.layout, run.watch
    oracle = oracle_of(config, layout, run.patience)

    def check(engine: Engine) -> None:
        reads = local_paths(config)
        reads.pop("features.weights", None)  # Workers read the copy in the run folder.
        engine.check_storage(layout.root, reads)

    with closing(EngineOnDemand(make_engine, check)) as engine:
        if not FirstQueries(config, layout, run.pool, oracle, engine, watch).ask():
            return run
        run = run.grown(max(0, len(read_records(layout)) - 1))
        reopen(config, layout, run.pool, run.data.gone, watch)
        records = read_records(layout)
        while not is_over(records, config.al.rounds):
            run = run.grown(len(records))
            record = run_round(run.round(len(records), engine()))
            if record is None:
                watch.say(measured_line(layout.round(len(records))))
                break
            records.append(record)
            watch.say(summary_line(record))
    return run
