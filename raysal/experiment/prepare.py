"""Preparation of a run: claim its folder, build the pool."""

from __future__ import annotations

import contextlib
from pathlib import Path

import yaml

from raysal.config.essence import difference
from raysal.config.load import read_yaml, validate
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.errors import DataError, RunError
from raysal.experiment.change_settings import change_settings, drop_drafts
from raysal.experiment.changeable import (
    fixed,
    fixed_fingerprint,
    keep_config,
    kept_config,
    note_current,
    noted_current,
)
from raysal.experiment.check_masks import check_masks
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.environment import environment, is_environment
from raysal.experiment.integrity import made_with, saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import has_finished_stage, remove_unfinished
from raysal.experiment.stage import is_finished, once
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes, write_json


def claim_folder(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> None:
    """Write the configuration into a new run folder, or compare it with the one in there.

    Until a stage of a round is finished, a changed configuration starts the run again: nothing
    expensive is lost, and a setting that proved impossible can be corrected. Only files that
    raysal made are removed. After that, settings of queries may change from the next query on; see
    `raysal.experiment.changeable`.

    Raises:
        RunError: the run has a finished stage and other models would be trained with the
            configuration, or the folder holds files that raysal did not make where its own would be
            written.
    """
    saved = saved_config(layout) if layout.config.exists() else None
    theirs = noted_current(layout) or saved
    if theirs is not None and theirs.fingerprint() == config.fingerprint():
        if not is_environment(layout.environment):
            watch.say(f"{layout.environment} was missing or damaged; written again")
            write_json(layout.environment, environment())
        if saved is None or saved.fingerprint() != config.fingerprint():
            what = "damaged or edited" if layout.config.exists() else "missing"
            watch.say(f"{layout.config} was {what}; written again")
            _write_config(config, layout)
        note_current(config, layout)
        return
    if layout.config.exists():
        _compare(theirs, config, layout, watch)
    elif has_finished_stage(layout):
        if not _belongs_to(layout, config):
            raise RunError(
                f"{layout.config} is missing, and the rounds there were made with another "
                "configuration; restore that file, or give this run another name"
            )
        _written_again(theirs, config, layout, "missing", watch)
    elif layout.environment.exists() and not is_environment(layout.environment):
        raise RunError(
            f"{layout.environment} is not of a run of raysal and would be overwritten; give this "
            "run another name, or another output folder"
        )
    if theirs is not None and has_finished_stage(layout):
        keep_config(theirs, layout)  # A query may have been begun with it.
    write_json(layout.environment, environment())
    _write_config(config, layout)
    note_current(config, layout)


def _write_config(config: ExperimentConfig, layout: RunLayout) -> None:
    write_bytes(layout.config, yaml.safe_dump(config.dump(), sort_keys=False).encode())


def _written_again(
    theirs: ExperimentConfig | None,
    ours: ExperimentConfig,
    layout: RunLayout,
    what: str,
    watch: Watch,
) -> None:
    """Go on, although `config.yaml` does not tell with which settings the run was begun.

    Args:
        theirs: what it last went on with; None if that is not known.
        what: was the matter with the file.
    """
    watch.say(f"{layout.config} was {what}; written again")
    if theirs is not None and fixed_fingerprint(theirs) == fixed_fingerprint(ours):
        change_settings(theirs, ours, layout, watch)
    else:
        drop_drafts(layout, None, ours)


def _compare(
    theirs: ExperimentConfig | None, ours: ExperimentConfig, layout: RunLayout, watch: Watch
) -> None:
    """Decide what another configuration in the run folder means.

    Args:
        theirs: what the run last went on with; None if that is not known.
    """
    belongs = has_finished_stage(layout) and _belongs_to(layout, ours)
    if theirs is None:
        if not belongs:  # Raises an error that says what is wrong.
            validate(ExperimentConfig, read_yaml(layout.config), str(layout.config))
        _written_again(None, ours, layout, "damaged or edited", watch)
    elif not has_finished_stage(layout):
        changes = difference(theirs.essence(), ours.essence())
        remove_unfinished(layout)
        watch.say(f"the configuration has changed ({changes}); starting again")
    elif fixed_fingerprint(theirs) == fixed_fingerprint(ours):
        change_settings(theirs, ours, layout, watch)
    elif belongs:
        _written_again(None, ours, layout, "damaged or edited", watch)
    else:
        changes = difference(fixed(theirs.essence()), fixed(ours.essence()))
        raise RunError(
            f"{layout.root} was made with another configuration ({changes}); "
            "give this run another name, or restore the settings"
        )


def _belongs_to(layout: RunLayout, config: ExperimentConfig) -> bool:
    """Whether all finished stages were made with a configuration that this one may follow."""
    ours, same = config.fingerprint(), fixed_fingerprint(config)
    made = made_with(layout)
    with contextlib.suppress(DataError):
        return bool(made) and all(
            one == ours or fixed_fingerprint(kept_config(layout, one)) == same for one in made
        )
    return False


def build_pool(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> Pool:
    """The pool of the train split; building it begins with a check of the masks of all splits.

    Raises:
        DataError: a mask cannot be used.
        PoolError, BadImagesError: too many images cannot be read.
    """

    def build(draft: Path) -> None:
        for line in config.data.remarks():
            watch.say(line)
        check_masks(config.data, watch)
        _write_pool(config, draft, watch)

    there = is_finished(layout.pool)
    once(layout.pool, build, fingerprint=config.fingerprint())
    pool = Pool.open(str(layout.pool), IN_A_RUN)
    if there:
        pool.check()
    return pool


def note_window(config: ExperimentConfig, watch: Watch) -> None:
    """Tell the user if the region window was reduced to the size of the images."""
    if config.rga is not None and config.budget.window != (config.rga.w, config.rga.w):
        height, width = config.budget.window
        watch.say(
            f"rga.w is {config.rga.w}, but images are {config.data.size[0]}x"
            f"{config.data.size[1]} (height x width); regions are {height}x{width}"
        )


def _write_pool(config: ExperimentConfig, folder: Path, watch: Watch) -> None:
    sources = dataset_sources(config.data)
    watch.start("build pool", len(sources))
    pool = write_pool(
        sources,
        str(folder),
        max_bad_share=config.data.max_bad_share,
        max_megapixels=config.data.max_megapixels,
        pixels=config.data.pixels,
        **({} if config.data.tile is None else {"at_once": 1}),
        progress=lambda looked_at: watch.advance(1),
        say=lambda line: watch.say(f"pool: {line}"),
    )
    watch.finish()
    for image_id, reason in pool.bad:
        watch.say(f"pool: set aside '{image_id}': {reason}")
