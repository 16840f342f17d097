"""A whole experiment; running it again resumes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from raysal.config.essence import local_paths
from raysal.data.identity import Identity
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.experiment.annotators import Patience, oracle_of
from raysal.experiment.check import check_before_start
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round
from raysal.experiment.data_check import check_data
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.first_queries import FirstQueries
from raysal.experiment.integrity import check_run
from raysal.experiment.layout import RunLayout
from raysal.experiment.measuring import WithDrawnSplits, measuring_set
from raysal.experiment.oracle import Oracle
from raysal.experiment.outcome import Outcome, summary_line
from raysal.experiment.pending import pending_queries
from raysal.experiment.prepare import build_pool, claim_folder, note_window
from raysal.experiment.record import read_records
from raysal.experiment.round import run_round
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
        make_engine: called only if a round is left to run, after all checks, and again after each
            time of waiting.

    Raises:
        RunError: the folder is in use, or belongs to another configuration or to other data.
        DataError: a file in it is damaged or missing.
        RaysalError: see the stages.
    """
    layout = RunLayout(config.folder)
    items = check_before_start(config)
    layout.root.mkdir(parents=True, exist_ok=True)
    with locked(layout.root):
        claim_folder(config, layout, watch)
        check_run(layout, config, watch)
        data = check_data(config.data, items, layout, watch)
        pool = build_pool(config, layout, watch)
        note_window(config, watch)
        oracle = oracle_of(config, layout, patience)
        for record in read_records(layout):
            watch.say(summary_line(record))
        ready = _Ready(config, layout, pool, data, oracle, watch)
        _go_on(ready, make_engine)
        while patience == "wait" and (waits_for := pending_queries(layout, oracle)):
            wait_for_answers(waits_for, oracle, watch)
            _go_on(ready, make_engine)
        records = read_records(layout)
        if waits_for := pending_queries(layout, oracle):
            return Outcome(layout, records, None, waits_for)
        stop = early_stop(records, config, layout, pool.images)
        if stop is not None:
            watch.say(f"stopped after round {records[-1].round}: {stop.reason}")
        return Outcome(layout, records, stop)


@dataclass(frozen=True)
class _Ready:
    """A run that has been checked and has its pool."""

    config: ExperimentConfig
    layout: RunLayout
    pool: Pool
    data: Identity
    oracle: Oracle
    watch: Watch


def _go_on(run: _Ready, make_engine: Callable[[], Engine]) -> None:
    """Run rounds until the last one, or until people have to answer."""
    config, layout, pool, watch = run.config, run.layout, run.pool, run.watch
    records = read_records(layout)
    first = FirstQueries(config, layout, pool, run.oracle, watch)
    if not first.ask() or is_over(records):
        return
    measuring, data = measuring_set(config, layout, pool), run.data
    if isinstance(measuring, WithDrawnSplits):
        data = measuring.identity(data)
    with closing(make_engine()) as engine:
        engine.check_storage(layout.root, local_paths(config))
        while not is_over(records):
            index = len(records)
            excluded = excluded_from_query(config, layout, index)
            r = Round(
                config, layout, pool, engine, run.oracle, watch, index, excluded, measuring, data
            )
            record = run_round(r)
            if record is None:
                return
            records.append(record)
            watch.say(summary_line(record))
