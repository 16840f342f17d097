"""What is taken back before a run goes on: ends that are none any more, and queries in vain."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.data.pool.pool import Pool
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import discard, draft_of
from raysal.experiment.query import read_query
from raysal.experiment.record import Record, read_records
from raysal.experiment.stop_rules import due_after, due_in
from raysal.progress import Watch


def reopen(
    config: ExperimentConfig, layout: RunLayout, pool: Pool, gone: frozenset[str], watch: Watch
) -> None:
    """Let a run that had ended go on, if its settings ask for more rounds; and take back the query
    of the round in progress, if nothing can come of it.

    Args:
        gone: images of the pool that are not there any more.

    Raises:
        DataError: a file that has to be read is damaged.
        RunError: a stage to be made again holds files of somebody else.
    """
    records = read_records(layout)
    if records and len(records) < config.al.rounds and not _stays_ended(records, config):
        _reopen_last(records[-1], config, layout, pool, gone, watch)
        records = read_records(layout)
    if len(records) == config.al.rounds - 1:
        _drop_query_of_last(len(records), layout, watch, "al.rounds")
    elif _ends_now(len(records), layout, config):
        _drop_query_of_last(len(records), layout, watch, "al.stop")
    elif len(records) < config.al.rounds:
        _drop_query_for(gone, len(records), config, layout, watch)


def _stays_ended(records: Sequence[Record], config: ExperimentConfig) -> bool:
    """Whether a rule of `al.stop` has ended the run, and still does, for the same reason."""
    stop = due_after(records, config)
    return stop is not None and stop.reason == records[-1].stop


def _ends_now(index: int, layout: RunLayout, config: ExperimentConfig) -> bool:
    """Whether a rule of `al.stop`, which may be new, ends the run with the round in progress.

    Labels that were taken are trained on first.
    """
    here = layout.round(index)
    if not here.metrics.exists() or here.labels.exists():
        return False
    return due_in(layout, index, config.al.stop, config.budget) is not None


def _reopen_last(
    last: Record,
    config: ExperimentConfig,
    layout: RunLayout,
    pool: Pool,
    gone: frozenset[str],
    watch: Watch,
) -> None:
    """The last round of a run makes no query. With more rounds to come, or with other settings
    where nothing could be queried, its record is made again, after the query."""
    here = layout.round(last.round)
    if last.queried is None:
        excluded = excluded_from_query(config, layout, last.round) | gone
        if len(excluded) < pool.images:
            discard([here.record])
    elif last.queried == NOTHING and last.fingerprint != config.fingerprint():
        watch.say(f"round {last.round}: its query was empty and is made again")
        stages = [*here.query_stages(), here.labels, here.extended, here.record]
        discard(reversed(stages))


def _drop_query_of_last(index: int, layout: RunLayout, watch: Watch, changed: str) -> None:
    """`al.rounds` was lowered, or `al.stop` set, while the round queried: no round comes that would
    train on it."""
    here = layout.round(index)
    stages = [*here.query_stages(), here.labels, here.extended]
    if here.query.exists():
        watch.say(
            f"round {index} is the last one now, so its query is dropped; answers of people are "
            f"kept, and count if {changed} is {'raised' if changed == 'al.rounds' else 'lifted'} "
            "again"
        )
    discard(path for stage in reversed(stages) for path in (draft_of(stage), stage))


def _drop_query_for(
    gone: frozenset[str], index: int, config: ExperimentConfig, layout: RunLayout, watch: Watch
) -> None:
    """The simulated annotator has no mask of an image that is gone. People still see it."""
    here = layout.round(index)
    if not gone or not here.query_file.exists() or here.labels.exists():
        return
    asks = read_query(here.query)
    lost = {ask.image_id for ask in asks} & gone
    if lost and settings_of(here, layout, config).oracle == "simulated":
        images = (
            "an image of its query is" if len(lost) == 1 else f"{len(lost)} images of its query are"
        )
        watch.say(f"round {index}: {images} gone; it is made again")
        discard([draft_of(here.labels), here.query])
