"""Preparation of a run: claim its folder, build the pool."""

from __future__ import annotations

from pathlib import Path

import yaml

from raysal.config.essence import difference
from raysal.config.load import read_yaml, validate
from raysal.data.pool.pool import Pool
from raysal.data.pool.writer import dataset_sources, write_pool
from raysal.errors import RunError
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
    raysal made are removed.

    Raises:
        RunError: the run has a finished stage and was made with another configuration, or the
            folder holds files that raysal did not make where its own would be written.
    """
    ours = config.fingerprint()
    known = made_with(layout)
    if layout.config.exists():
        theirs = saved_config(layout)
        same = theirs is not None and theirs.fingerprint() == ours
        if not same and known == {ours}:
            watch.say(f"{layout.config} was damaged or edited; written again")
        elif theirs is None:  # Raises an error that says what is wrong.
            validate(ExperimentConfig, read_yaml(layout.config), str(layout.config))
        elif not same:
            _begin_again(theirs, config, layout, watch)
        else:
            if not is_environment(layout.environment):
                watch.say(f"{layout.environment} was missing or damaged; written again")
                write_json(layout.environment, environment())
            return
    elif has_finished_stage(layout):
        if known != {ours}:
            raise RunError(
                f"{layout.config} is missing, and the rounds there were made with another "
                "configuration; restore that file, or give this run another name"
            )
        watch.say(f"{layout.config} was missing; written again")
    elif layout.environment.exists() and not is_environment(layout.environment):
        raise RunError(
            f"{layout.environment} is not of a run of raysal and would be overwritten; give this "
            "run another name, or another output folder"
        )
    write_json(layout.environment, environment())
    write_bytes(layout.config, yaml.safe_dump(config.dump(), sort_keys=False).encode())


def _begin_again(
    theirs: ExperimentConfig, ours: ExperimentConfig, layout: RunLayout, watch: Watch
) -> None:
    """Remove what was made with another configuration, unless a stage of a round is finished."""
    changes = difference(theirs.essence(), ours.essence())
    if has_finished_stage(layout):
        raise RunError(
            f"{layout.root} was made with another configuration ({changes}); "
            "give this run another name, or restore the settings"
        )
    remove_unfinished(layout)
    watch.say(f"the configuration has changed ({changes}); starting again")


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
    pool = Pool.open(str(layout.pool))
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
        progress=lambda looked_at: watch.advance(1),
        say=lambda line: watch.say(f"pool: {line}"),
    )
    watch.finish()
    for image_id, reason in pool.bad:
        watch.say(f"pool: set aside '{image_id}': {reason}")
