"""Preparation of a run: claim its folder, build the pool, label the initial images."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.essence import difference
from raysal.config.load import read_yaml, validate
from raysal.config.seed import uniform
from raysal.data.labels import write_labels
from raysal.data.pool.reader import Pool
from raysal.data.pool.writer import dataset_sources, write_pool
from raysal.errors import RunError
from raysal.experiment.check import SPLITS, check_mask
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.environment import environment
from raysal.experiment.layout import RunLayout
from raysal.experiment.oracle import Oracle
from raysal.experiment.query import priced, read_query, write_query
from raysal.experiment.stage import draft_of, once
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes, write_json

MASK_THREADS = 8


def claim_folder(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> None:
    """Write the configuration into a new run folder, or compare it with the one in there.

    Until the first model is trained, a changed configuration starts the run again: nothing
    expensive is lost, and a setting that proved impossible can be corrected.

    Raises:
        RunError: the run has a model and was made with another configuration.
    """
    if layout.config.exists():
        theirs = validate(ExperimentConfig, read_yaml(layout.config), str(layout.config))
        if theirs.fingerprint() == config.fingerprint():
            return
        changes = difference(theirs.essence(), config.essence())
        if layout.round(0).model.exists():
            raise RunError(
                f"{layout.root} was made with another configuration ({changes}); "
                "give this run another name, or restore the settings"
            )
        watch.say(f"the configuration has changed ({changes}); starting again")
        for folder in (layout.pool, layout.initial.folder, layout.rounds):
            shutil.rmtree(draft_of(folder), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
    write_json(layout.environment, environment())
    write_bytes(layout.config, yaml.safe_dump(config.dump(), sort_keys=False).encode())


def build_pool(config: ExperimentConfig, layout: RunLayout, watch: Watch) -> Pool:
    """The pool of the train split; building it begins with a check of the masks of all splits.

    Raises:
        DataError: a mask cannot be used.
        PoolError, BadImagesError: too many images cannot be read.
    """

    def build(draft: Path) -> None:
        _check_masks(config, watch)
        _write_pool(config, draft, watch)

    once(layout.pool, build)
    return Pool.open(str(layout.pool))


def label_initial(
    config: ExperimentConfig, layout: RunLayout, pool: Pool, oracle: Oracle, watch: Watch
) -> None:
    """Choose `al.initial` images at random and have them labelled.

    Raises:
        DataError: an image has no usable mask.
    """
    initial = layout.initial

    def choose(draft: Path) -> None:
        shuffled = (Pick(i, uniform("initial", config.seed, i)) for i in pool.ids())
        chosen = top_k(shuffled, config.al.initial)
        if len(chosen) < config.al.initial:
            watch.say(
                f"al.initial is {config.al.initial}, but the pool has {len(chosen)} images; "
                "taking them all"
            )
        write_query(draft, list(priced(chosen, config.data.size, oracle.clicks)))

    initial.folder.mkdir(exist_ok=True)
    query = once(initial.query, choose)
    once(initial.labels, lambda draft: write_labels(draft, oracle.answer(read_query(query))))


def note_window(config: ExperimentConfig, watch: Watch) -> None:
    """Tell the user if the region window was reduced to the size of the images."""
    if config.rga is not None and config.budget.window != (config.rga.w, config.rga.w):
        height, width = config.budget.window
        watch.say(
            f"rga.w is {config.rga.w}, but images are {config.data.size[0]}x"
            f"{config.data.size[1]} (height x width); regions are {height}x{width}"
        )


def _check_masks(config: ExperimentConfig, watch: Watch) -> None:
    items = [item for split in SPLITS for item in config.data.items(split)]
    watch.start("check masks", len(items))
    with ThreadPoolExecutor(MASK_THREADS) as threads:
        for _ in threads.map(lambda item: check_mask(config.data, item), items):
            watch.advance(1)
    watch.finish()


def _write_pool(config: ExperimentConfig, folder: Path, watch: Watch) -> None:
    sources = dataset_sources(config.data)
    watch.start("build pool", len(sources))
    pool = write_pool(
        sources,
        str(folder),
        max_bad_share=config.data.max_bad_share,
        progress=lambda looked_at: watch.advance(1),
    )
    watch.finish()
    for image_id, reason in pool.bad:
        watch.say(f"pool: set aside '{image_id}': {reason}")
