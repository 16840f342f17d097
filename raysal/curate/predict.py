"""Predict the classes of all images of a folder or a pool with a trained model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.curate.predict_source import open_source
from raysal.curate.prediction_folder import PredictionFolder, PredictionRecord, check_same
from raysal.data.id_path import check_paths
from raysal.data.pool.outside import STRICT, Permits
from raysal.data.pool.parts import drop_parts, finished_parts, part_name
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.jobs import PartReport, PredictJob
from raysal.errors import CheckpointError
from raysal.experiment.integrity import check_model_stage
from raysal.inference.mask_files import MASK_SUFFIX, OVERLAY_SUFFIX
from raysal.inference.precision import Precision
from raysal.inference.prediction_parts import Predicted, read_parts
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.progress import Watch
from raysal.storage.foreign import remove_drafts
from raysal.storage.lock import locked


@dataclass(frozen=True)
class ClassTotal:
    """A class in all images.

    Attributes:
        share: of all pixels, in [0, 1].
        images: number of images that have it.
    """

    name: str
    share: float
    images: int


@dataclass(frozen=True)
class Predictions:
    """Result of predicting.

    Attributes:
        images: number of images that have a mask; `new` of them were predicted now, in `seconds`.
        classes: in the order of their ids.
        confidence: mean over the images; None without any.
        bad: (image id, reason) of the images without a mask.
    """

    folder: PredictionFolder
    images: int
    new: int
    seconds: float
    classes: list[ClassTotal]
    confidence: float | None
    bad: list[tuple[str, str]]


def predict_images(
    model: Path,
    images: str,
    out: Path,
    make_engine: Callable[[], Engine],
    watch: Watch,
    *,
    overlay: bool = True,
    precision: Precision = "auto",
    permits: Permits = STRICT,
) -> Predictions:
    """Write a mask for every image into `out`; a second call predicts only what is missing.

    See `raysal.curate.prediction_folder` for the files. If nothing is missing, no engine is
    started. New images, and images that have changed, are predicted; those that could not be read
    are tried again.

    Args:
        images: a folder of images at any depth, or the folder or URI of a pool.
        overlay: also write the pictures under the colours of their classes.
        permits: what a pool may make raysal read, and the limit for images.

    Raises:
        CheckpointError: the checkpoint is absent, or two of its classes have the same name.
        PoolError: there is no pool, or no image is readable.
        DataError: there is no image, or an id cannot name a file.
        RunError: `out` holds predictions of another model or for other images, or files that
            raysal did not make, or is in use.
    """
    folder = PredictionFolder(out.absolute())
    folder.check()
    source = open_source(images, folder.root, watch, permits)
    check_model_stage(model)
    loaded = load_model(model)
    _check_names(loaded, model)
    record = PredictionRecord(
        model=loaded.digest, precision=precision, size=loaded.working_size,
        class_names=loaded.class_names, palette=loaded.palette, images=source.name,
    )  # fmt: skip
    start, new = time.perf_counter(), 0
    folder.root.mkdir(parents=True, exist_ok=True)
    with locked(folder.root):
        before = folder.record()
        if before is not None:
            check_same(folder.root, before, record)
            folder.check_intact(before)
            record = before
        known = record.listing
        if before is None or known != source.listing:
            record = record.model_copy(update={"listing": None, "finished": False})
            record.write(folder.root)
        pool = source.pool(folder.pool, known, watch)
        check_paths(pool.ids, (MASK_SUFFIX, OVERLAY_SUFFIX))
        record = _begin(folder, record, pool, source.listing, overlay)
        job = PredictJob(
            pool=pool, model=model.absolute(), out=str(folder.parts), size=loaded.working_size,
            precision=precision, seed=0, round_index=0, units=None, recheck=record.recheck,
            masks=folder.masks, overlays=folder.overlays if overlay else None,
            tile=loaded.tile,
        )  # fmt: skip
        if not record.finished:
            record = record.model_copy(update={"table": None})
            record.write(folder.root)
            folder.hashes.drop()
            pool.check()
            new = _predict(job, folder.root, source.name, make_engine, watch)
            if before is not None:
                remove_drafts(folder.root)
            bad = [Predicted(image_id, error=reason) for image_id, reason in pool.bad]
            table = folder.write_table(loaded.class_names, bad)
            folder.hashes.write()
            done = {"recheck": False, "finished": True, "table": table}
            record.model_copy(update=done).write(folder.root)
    seconds = time.perf_counter() - start
    rows = read_parts(str(folder.parts), loaded.class_names)
    return _total(folder, rows, loaded.class_names, pool, new, seconds)


def _begin(
    folder: PredictionFolder,
    record: PredictionRecord,
    pool: Pool,
    listing: str | None,
    overlay: bool,
) -> PredictionRecord:
    """Remove parts that cannot stay; returns the record, finished if nothing is left to do."""
    folder.parts.mkdir(exist_ok=True)
    names = {part_name(unit.name) for unit in pool.units}
    parts = str(folder.parts)
    changed = record.fingerprint not in (None, pool.fingerprint)
    drop_parts(parts, finished_parts(parts) - names)
    folder.drop_incomplete_parts(record.class_names, overlay)
    complete = finished_parts(parts) == names and folder.table.exists()
    return record.model_copy(
        update={
            "listing": listing,
            "fingerprint": pool.fingerprint,
            "recheck": record.recheck or changed,
            "finished": record.finished and complete and not changed,
        }
    )


def _predict(
    job: PredictJob, out: Path, images: str, make_engine: Callable[[], Engine], watch: Watch
) -> int:
    """Predict what is missing; returns the number of images."""
    units = job.missing_units()
    if not units:
        return 0
    new = 0

    def on_part(report: PartReport) -> None:
        nonlocal new
        new += report.images - report.bad
        watch.advance(report.images + report.kept)

    engine = make_engine()
    try:
        reads = {"model": str(job.model), "images": images}
        here = {name: path for name, path in reads.items() if Path(path).exists()}
        engine.check_storage(out, here)
        watch.start("predict", sum(unit.rows for unit in units))
        engine.over_pool(job, on_part)
        watch.finish()
    finally:
        engine.close()
    return new


def _check_names(loaded: LoadedModel, model: Path) -> None:
    names = loaded.class_names
    if twice := [name for name in names if names.count(name) > 1]:
        raise CheckpointError(f"{model}: two of its classes are called '{twice[0]}'")


def _total(
    folder: PredictionFolder, rows: Iterable[Predicted], names: tuple[str, ...], pool: Pool,
    new: int, seconds: float,
) -> Predictions:  # fmt: skip
    bad = list(pool.bad)
    pixels, counts, found = 0, np.zeros(len(names)), np.zeros(len(names), np.int64)
    images, confidence = 0, 0.0
    for row in rows:
        if row.size is None or row.shares is None or row.confidence is None:
            bad.append((row.image_id, row.error or ""))
            continue
        images += 1
        confidence += row.confidence
        area = row.size[0] * row.size[1]
        pixels += area
        counts += np.array(row.shares) * area
        found += np.array(row.shares) > 0
    classes = [
        ClassTotal(name, share, count)
        for name, share, count in zip(
            names, (counts / max(pixels, 1)).tolist(), found.tolist(), strict=True
        )
    ]
    mean = confidence / images if images else None
    return Predictions(folder, images, new, seconds, classes, mean, bad)
