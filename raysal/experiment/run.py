"""A whole experiment: the pool, the initial set, the rounds; running it again resumes it."""

from __future__ import annotations

import platform
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import yaml

import raysal
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.essence import difference, local_paths
from raysal.config.load import read_yaml, validate
from raysal.config.seed import uniform
from raysal.data.labels import labelled_ids, partly_labelled, write_labels
from raysal.data.pool.reader import Pool
from raysal.data.pool.writer import dataset_sources, write_pool
from raysal.data.sets.base import Dataset, Item
from raysal.engine.base import Engine
from raysal.errors import DataError, RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round
from raysal.experiment.layout import RunPlace
from raysal.experiment.oracle import Oracle, SimulatedOracle
from raysal.experiment.query import priced, read_query, write_query
from raysal.experiment.record import Record
from raysal.experiment.round import run_round
from raysal.experiment.stage import draft_of, once
from raysal.models.build import check_weights
from raysal.models.features import check_stage
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes, write_json
from raysal.storage.lock import locked

MASK_THREADS = 8


@dataclass(frozen=True)
class Stop:
    """Why an experiment ended before its last round."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """What an experiment came to."""

    place: RunPlace
    records: list[Record]
    stop: Stop | None


def run_experiment(
    config: ExperimentConfig, make_engine: Callable[[], Engine], watch: Watch
) -> Outcome:
    """Do all rounds that are not done yet.

    Args:
        make_engine: called once everything that can be checked beforehand has been.

    Raises:
        RunError: the folder is in use, or belongs to another configuration.
        RaysalError: see the stages.
    """
    place = RunPlace(config.folder)
    config.data.check()
    _check_splits(config.data)
    check_network(config)
    place.root.mkdir(parents=True, exist_ok=True)
    with locked(place.root):
        _claim(config, place, watch)
        once(place.pool, lambda draft: _make_pool(config, draft, watch))
        pool = Pool.open(str(place.pool))
        _note_window(config, watch)
        oracle = SimulatedOracle(config.data, config.noise, config.seed)
        _label_initial(config, place, pool, oracle, watch)
        engine: Engine | None = None
        try:
            records: list[Record] = []
            for index in range(config.al.rounds):
                last = index == config.al.rounds - 1 or not _left(config, place, pool, records)
                if not (place.round(index) / "record").exists() and engine is None:
                    engine = make_engine()
                    engine.check_storage(place.root, local_paths(config))
                if engine is None:
                    records.append(Record.read(place.round(index) / "record"))
                else:
                    r = Round(config, place, pool, engine, oracle, watch, index, last)
                    records.append(run_round(r))
                watch.say(summary_line(records[-1]))
                if index == config.al.rounds - 1:
                    break
                if last:
                    aside = any(record.bad_images for record in records)
                    or_aside = " or set aside" if aside else ""
                    stop = Stop(f"all {pool.images} images of the pool are labelled{or_aside}")
                elif _nothing_asked(place, index):
                    stop = Stop("in no image do the votes differ, so that no region is asked for")
                else:
                    continue
                watch.say(f"stopped after round {index}: {stop.reason}")
                return Outcome(place, records, stop)
            return Outcome(place, records, None)
        finally:
            if engine is not None:
                engine.close()


def _claim(config: ExperimentConfig, place: RunPlace, watch: Watch) -> None:
    """Write the configuration into a new folder, or compare it with the one that is there.

    Until the first model is trained there is nothing to lose, so that a setting that proved
    impossible can be corrected: the run begins again.
    """
    path = place.root / "config.yaml"
    if path.exists():
        theirs = validate(ExperimentConfig, read_yaml(path), str(path))
        if theirs.fingerprint() == config.fingerprint():
            return
        changes = difference(theirs.essence(), config.essence())
        if (place.round(0) / "model").exists():
            raise RunError(
                f"{place.root} was made with another configuration ({changes}); "
                "give this one another name, or set those back"
            )
        watch.say(f"the configuration has changed ({changes}); beginning again")
        for folder in (place.pool, place.initial, place.rounds):
            shutil.rmtree(draft_of(folder), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
    write_json(place.root / "environment.json", environment())
    write_bytes(path, yaml.safe_dump(config.dump(), sort_keys=False).encode())


def check_network(config: ExperimentConfig) -> None:
    """The weights are there, and the stage that features are taken of.

    Raises:
        ConfigError, CheckpointError: one is not.
    """
    check_weights(config.model)
    if (stage := config.acquisition.needs.stage) is not None:
        check_stage(config.resolved_model, stage)


def _check_splits(dataset: Dataset) -> None:
    """Every id once, and something to measure on."""
    for split in ("train", "val", "test"):
        seen = Counter(item.image_id for item in dataset.items(split))
        twice = [image_id for image_id, count in seen.items() if count > 1]
        if twice:
            raise DataError(f"{dataset.name}: '{twice[0]}' is in the {split} split twice")
    if not dataset.items("test") and not dataset.items("val"):
        raise DataError(f"{dataset.name}: there is neither a test nor a val split to measure on")


def _make_pool(config: ExperimentConfig, draft: Path, watch: Watch) -> None:
    """The pool of the train split; every mask of every split is looked at, too."""
    dataset = config.data
    items = [item for split in ("train", "val", "test") for item in dataset.items(split)]
    watch.start("check masks", len(items))
    with ThreadPoolExecutor(MASK_THREADS) as threads:
        for _ in threads.map(lambda item: _check_mask(dataset, item), items):
            watch.advance(1)
    watch.finish()
    sources = dataset_sources(dataset)
    watch.start("build pool", len(sources))
    pool = write_pool(
        sources,
        str(draft),
        max_bad_share=dataset.max_bad_share,
        progress=lambda looked_at: watch.advance(1),
    )
    watch.finish()
    for image_id, reason in pool.bad:
        watch.say(f"pool: set aside '{image_id}': {reason}")


def _check_mask(dataset: Dataset, item: Item) -> None:
    mask = dataset.raw_label(item)
    size = dataset.stored_size(item)
    if size is not None and size != mask.shape:
        raise DataError(
            f"{dataset.name}: the mask of '{item.image_id}' is {mask.shape[0]}x{mask.shape[1]}, "
            f"its image {size[0]}x{size[1]} (height x width); masks must match their images "
            f"({item.label})"
        )


def _label_initial(
    config: ExperimentConfig, place: RunPlace, pool: Pool, oracle: Oracle, watch: Watch
) -> None:
    """The first labelled set, at random."""

    def choose(draft: Path) -> None:
        lots = (Pick(i, uniform("initial", config.seed, i)) for i in pool.ids())
        chosen = top_k(lots, config.al.initial)
        if len(chosen) < config.al.initial:
            watch.say(
                f"al.initial is {config.al.initial}, but the pool has {len(chosen)} images; "
                "taking them all"
            )
        write_query(draft, list(priced(chosen, config.data.size, oracle.clicks)))

    def answer(draft: Path) -> None:
        write_labels(draft, oracle.answer(read_query(place.initial / "query")))

    place.initial.mkdir(exist_ok=True)
    once(place.initial / "query", choose)
    once(place.initial / "labels", answer)


def _note_window(config: ExperimentConfig, watch: Watch) -> None:
    if config.rga is not None and config.budget.window != (config.rga.w, config.rga.w):
        height, width = config.budget.window
        watch.say(
            f"rga.w is {config.rga.w}, but images are {config.data.size[0]}x"
            f"{config.data.size[1]} (height x width); regions are {height}x{width}"
        )


def _left(config: ExperimentConfig, place: RunPlace, pool: Pool, records: list[Record]) -> int:
    """Images that the next query may ask for."""
    aside = {image_id for record in records for image_id in record.bad_images}
    folders = place.label_folders(len(records))
    labelled = {image_id for folder in folders for image_id in labelled_ids(folder)}
    if config.rga is not None and config.rga.reselect_partial:
        labelled -= partly_labelled(folders)
    return pool.images - len(labelled | aside)


def _nothing_asked(place: RunPlace, index: int) -> bool:
    return not read_query(place.round(index) / "query")


def summary_line(record: Record) -> str:
    """What a round came to, for people."""
    miou = "undefined" if record.miou is None else f"{100 * record.miou:.2f}"
    seconds = sum(record.timings_s.values())
    return (
        f"round {record.round}: {record.labelled.images:.4g} images labelled, "
        f"mIoU {miou}  ({seconds:.0f} s)"
    )


def environment() -> dict[str, object]:
    """Versions and hardware, for the record."""
    versions = {}
    for name in ("torch", "torchvision", "ray", "pyarrow", "numpy", "pillow", "pydantic"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "version": 1,
        "raysal": raysal.__version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "gpus": gpus,
        **versions,
    }
