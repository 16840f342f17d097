"""Extend the labels of regions to similar cells of the same image (CPRAL, section 3.3)."""

from __future__ import annotations

import shutil
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.seed import uniform
from raysal.data.labels import labelled_ids, partly_labelled, write_labels
from raysal.engine.jobs import CalibrateJob, ExtendJob
from raysal.engine.workers.calibrate import read_tallies
from raysal.engine.workers.extend import refused_pixels
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round, pool_job
from raysal.experiment.oracle import SimulatedOracle
from raysal.experiment.query import by_image, read_query
from raysal.experiment.record import CalibrationResult
from raysal.regions.calibrate import Calibration, choose
from raysal.regions.extend_config import ExtendConfig

# In the draft of the stage.
CLEAN = "clean"


def extend(r: Round, model: Path, draft: Path) -> None:
    """Extend all labels from the oracle; extended labels of earlier rounds are not used.

    Nothing is extended into pixels in which annotators have refused it, in this round or before.
    """
    c = r.config
    assert c.cle is not None
    assert c.rga is not None
    folders = r.layout.label_folders(r.index + 1)
    radius = radius_of(c)
    classes = len(c.data.class_names)
    found = calibrate(r, model, radius, draft)
    against = c.cle.calibrate_on if c.cle.calibrate else None
    result = CalibrationResult.model_validate({**found.as_dict(), "against": against})
    partial = frozenset(partly_labelled(folders))
    if found.thresholds is None or not partial:
        write_labels(draft, [])  # An empty store, because nothing is extended.
        result.write(draft)
        return
    reads = model if c.cle.features == "lowlevel" else None
    job = ExtendJob(
        **pool_job(r, reads, draft, partial),
        extend=c.cle,
        thresholds=found.thresholds,
        radius=radius,
        classes=classes,
        images=partial,
        label_folders=folders,
    )
    r.watch.start(f"round {r.index}: extend labels", len(partial))
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    refused = refused_pixels(draft, classes)
    if any(refused):
        r.watch.say(
            f"round {r.index}: {sum(refused):,} pixels are not extended, because annotators have "
            "refused it"
        )
    result.model_copy(update={"refused": refused if any(refused) else None}).write(draft)


def radius_of(config: ExperimentConfig) -> int:
    """Maximum distance in pixels from an extended pixel to an annotated one."""
    assert config.cle is not None
    return max(config.budget.window) if config.cle.radius == "auto" else config.cle.radius


def calibrate(r: Round, model: Path, radius: int, draft: Path) -> Calibration:
    """Choose thresholds that reach `cle.precision` on the initial, fully labelled images."""
    c = r.config
    assert c.cle is not None
    assert c.rga is not None
    if not c.cle.calibrate:
        return Calibration(c.cle.thresholds, None, None, None, 0)
    initial = r.layout.initial.labels
    shuffled = (Pick(i, uniform("calibrate", c.seed, i)) for i in labelled_ids(initial))
    images = frozenset(pick.image_id for pick in top_k(shuffled, c.cle.calibration_images))
    asked = read_query(r.layout.round(r.index).query)
    folder = draft / "calibration"
    folder.mkdir(exist_ok=True)
    reads = model if c.cle.features == "lowlevel" or c.rga.map == "votes" else None
    job = CalibrateJob(
        **pool_job(r, reads, folder, images),
        extend=c.cle,
        radius=radius,
        classes=len(c.data.class_names),
        images=images,
        label_folders=(initial,),
        regions=c.rga,
        shown=max(1, round(len(asked) / max(1, len(by_image(asked))))),
        truth_folders=_clean(r, images, draft) if c.cle.calibrate_on == "clean" else (),
    )
    r.watch.start(f"round {r.index}: calibrate extension", len(images))
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    found = choose(list(read_tallies(str(folder), c.cle)), c.cle)
    shutil.rmtree(draft / CLEAN, ignore_errors=True)
    if found.thresholds is None:
        hint = "; it is measured against labels with noise: set cle.calibrate_on=clean"
        noisy = c.noise is not None and c.cle.calibrate_on == "given"
        r.watch.say(
            f"round {r.index}: labels are not extended: {why_not_extended(found, c.cle)}"
            f"{hint if noisy else ''}"
        )
    return found


def _clean(r: Round, images: frozenset[str], draft: Path) -> tuple[Path, ...]:
    """A label store with the true labels of some images, which the run may not train on."""
    assert isinstance(r.oracle, SimulatedOracle)  # See the check of the configuration.
    folder = draft / CLEAN
    folder.mkdir(exist_ok=True)
    write_labels(folder, r.oracle.clean(images))
    return (folder,)


def why_not_extended(found: Calibration, cle: ExtendConfig) -> str:
    """Why a calibration has chosen no thresholds, for the user."""
    needed = (
        f"cle.precision = {cle.precision:g} plus {cle.margin:g} standard errors (cle.margin) is "
        "required"
    )
    if found.precision is None or found.error is None:
        return f"no pixels to measure the precision on, but {needed}"
    reached = f"precision {found.precision:.3f} ± {found.error:.3f} with the best thresholds"
    if found.precision - cle.margin * found.error < cle.precision:
        return f"{reached}, but {needed}"
    return (
        f"{reached}, but measured on {found.images} images with very different numbers of pixels, "
        "which are too few to be sure; raise cle.calibration_images"
    )


def read_calibration(stage: Path) -> CalibrationResult | None:
    """Result of calibration in an `extended` stage; None if there is no such stage."""
    return CalibrationResult.read(stage) if stage.exists() else None
