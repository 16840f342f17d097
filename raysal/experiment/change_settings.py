"""A run goes on with other settings: from its next query on, also after its last round."""

from __future__ import annotations

from raysal.config.essence import difference
from raysal.errors import RunError
from raysal.experiment.changeable import changeable, differ_in_queries
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.own_files import discard, draft_of, rounds_on_disk
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
    drop_drafts(layout, before, now)


def drop_drafts(layout: RunLayout, before: ExperimentConfig | None, now: ExperimentConfig) -> None:
    """Remove what an interrupted round has begun with settings that hold no more.

    Args:
        before: the settings that it was begun with; None if they are not known.

    Raises:
        RunError: a draft holds files of somebody else.
    """
    for here in rounds_on_disk(layout):
        if not here.record.exists():
            _drop_drafts(here, before, now)


def _drop_drafts(here: RoundLayout, before: ExperimentConfig | None, now: ExperimentConfig) -> None:
    stages = [] if any(stage.exists() for stage in here.query_stages()) else here.query_stages()
    if before is None or _trains_otherwise(before, now):
        stages = [here.model, *stages]
    discard(draft_of(stage) for stage in stages)


def _trains_otherwise(before: ExperimentConfig, now: ExperimentConfig) -> bool:
    one, other = ((c.resolved_model, c.resolved_loss) for c in (before, now))
    return one != other
