"""A whole experiment; running it again resumes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from raysal.config.essence import local_paths
from raysal.engine.base import Engine
from raysal.experiment.check import check_before_start
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round
from raysal.experiment.data_check import check_data
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.integrity import check_run
from raysal.experiment.layout import RunLayout
from raysal.experiment.oracle import SimulatedOracle
from raysal.experiment.outcome import Outcome, summary_line
from raysal.experiment.prepare import build_pool, claim_folder, label_initial, note_window
from raysal.experiment.record import read_records
from raysal.experiment.round import run_round
from raysal.experiment.stop import early_stop, is_over
from raysal.progress import Watch
from raysal.storage.lock import locked


def run_experiment(
    config: ExperimentConfig, make_engine: Callable[[], Engine], watch: Watch
) -> Outcome:
    """Run all rounds that have no record yet; the others are read from disk.

    Args:
        make_engine: called only if a round is left to run, after all checks.

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
        oracle = SimulatedOracle(config.data, config.noise, config.seed)
        label_initial(config, layout, pool, oracle, watch)

        records = read_records(layout)
        for record in records:
            watch.say(summary_line(record))
        if not is_over(records):
            with closing(make_engine()) as engine:
                engine.check_storage(layout.root, local_paths(config))
                while not is_over(records):
                    index = len(records)
                    excluded = excluded_from_query(config, layout, index)
                    r = Round(config, layout, pool, engine, oracle, watch, index, excluded, data)
                    records.append(run_round(r))
                    watch.say(summary_line(records[-1]))

        stop = early_stop(records, config, layout, pool.images)
        if stop is not None:
            watch.say(f"stopped after round {records[-1].round}: {stop.reason}")
        return Outcome(layout, records, stop)
