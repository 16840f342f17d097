"""A run goes on with other settings: from its next query on, also after its last round."""

from __future__ import annotations

from raysal.config.essence import difference
from raysal.data.pool.pool import Pool
from raysal.errors import RunError
from raysal.experiment.changeable import changeable, differ_in_queries
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING
from raysal.experiment.exclude import excluded_from_query
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.own_files import draft_of, remove_stages, rounds_on_disk
from raysal.experiment.record import read_records
from raysal.progress import Watch


def change_settings(
    before: ExperimentConfig, now: ExperimentConfig, layout: RunLayout, watch: Watch
) -> None:
    """Check that a run can go on with other settings of its queries, and prepare it.

    What was computed stays. Drafts of a query that was interrupted are made anew, and so is the
    draft of a model if the strategy needs another one.

    Raises:
        RunError: more rounds are recorded than wanted, no query is left to change, or a draft holds
            files of somebody else.
    """
    recorded = len(read_records(layout))
    if now.al.rounds < recorded:
        raise RunError(
            f"al.rounds is {now.al.rounds}, but {recorded} rounds of {layout.root} are recorded; "
            f"set it to {recorded} or more"
        )
    changes = difference(changeable(before.essence()), changeable(now.essence()))
    if now.al.rounds == recorded and differ_in_queries(before, now):
        raise RunError(
            f"{layout.root} is finished, and was made with other settings ({changes}); to go on "
            f"with these, set al.rounds to more than {recorded}; to compare, choose another name"
        )
    watch.say(f"the settings have changed ({changes}); they hold from the next query on")
    for here in rounds_on_disk(layout):
        if not here.record.exists():
            _drop_drafts(here, before, now)


def reopen(
    config: ExperimentConfig, layout: RunLayout, pool: Pool, gone: frozenset[str], watch: Watch
) -> None:
    """Let a run that had ended go on, if its settings ask for more rounds.

    The last round of a run makes no query. With more rounds to come, or with other settings where
    nothing could be queried, its record is made again, after the query.

    Args:
        gone: images of the pool that are not there any more.
    """
    records = read_records(layout)
    if not records or len(records) >= config.al.rounds:
        return
    last = layout.round(records[-1].round)
    if records[-1].queried is None:
        excluded = excluded_from_query(config, layout, records[-1].round) | gone
        if len(excluded) < pool.images:
            remove_stages([last.record])
    elif records[-1].queried == NOTHING and records[-1].fingerprint != config.fingerprint():
        watch.say(f"round {records[-1].round}: its query was empty and is made again")
        stages = [*last.query_stages(), last.labels, last.extended, last.record]
        remove_stages(reversed(stages))


def _drop_drafts(here: RoundLayout, before: ExperimentConfig, now: ExperimentConfig) -> None:
    stages = [] if any(stage.exists() for stage in here.query_stages()) else here.query_stages()
    same_model = (before.resolved_model, before.resolved_loss) == (
        now.resolved_model,
        now.resolved_loss,
    )
    if not same_model:
        stages = [here.model, *stages]
    remove_stages(draft_of(stage) for stage in stages)
