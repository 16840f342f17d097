"""The data of a run are those that it began with: stored once, compared when it is resumed."""

from __future__ import annotations

from collections.abc import Sequence

from raysal.data.identity import Change, Identity, changes, identify, shared_contents
from raysal.data.identity_file import read_identity, write_identity
from raysal.data.sets.base import SPLITS, Dataset
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import has_finished_stage, remove_unfinished
from raysal.progress import Watch


def check_data(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> Identity:
    """Store the ids and contents of images and masks, or compare them with the stored ones.

    Until a stage of a round is finished, changed data start the run again. After that, images
    that were added to the train split are left out. Data that are drawn from the settings, which
    are compared elsewhere, are not stored.

    Returns:
        The images and masks that the run began with.

    Raises:
        RunError: other images or masks have changed since.
        DataError: the stored identity is damaged.
    """
    if _is_drawn(config.data):
        return identify(config.data)
    if not layout.data_identity.exists():
        if layout.pool.exists():
            watch.say(
                f"{layout.root} was begun by a version of raysal that did not store which images "
                "and masks it used; those that are there now are stored and compared from now on"
            )
        return _begin(config, layout, watch)
    before = read_identity(layout.data_identity)
    now = _identify(config, watch, before)
    found = changes(before, now)
    added = [change for change in found if change.split == "train" and change.what == "new"]
    if not has_finished_stage(layout):
        return _start_again(config, layout, watch, found) if found else before
    if len(added) < len(found):
        raise RunError(
            f"{layout.root} was begun with other data: "
            f"{'; '.join(str(change) for change in found)}; restore the data, or give this run "
            "another name to begin with the data as they are"
        )
    for change in added:
        watch.say(
            f"{change}: the run goes on with the images that it began with; give it another name "
            "to use all of them"
        )
    kept = {split: {i: now[split][i] for i in of_split} for split, of_split in before.items()}
    if kept != before:  # Copied, with other modification times: next time they are not read again.
        write_identity(layout.data_identity, kept)
    return kept


def _begin(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> Identity:
    identity = _identify(config, watch)
    for shared in shared_contents(identity):
        watch.say(f"{config.data.name}: {shared}")
    write_identity(layout.data_identity, identity)
    return identity


def _start_again(
    config: ExperimentConfig, layout: RunLayout, watch: Watch, found: Sequence[Change]
) -> Identity:
    if layout.pool.exists():
        watch.say(
            f"the data have changed ({'; '.join(str(change) for change in found)}); starting again"
        )
    remove_unfinished(layout)
    return _begin(config, layout, watch)


def _identify(config: ExperimentConfig, watch: Watch, known: Identity | None = None) -> Identity:
    watch.start("check data", sum(len(config.data.items(split)) for split in SPLITS))
    identity = identify(config.data, known, watch.advance)
    watch.finish()
    return identity


def _is_drawn(dataset: Dataset) -> bool:
    return all(
        dataset.drawn_from(item) is not None for split in SPLITS for item in dataset.items(split)
    )
