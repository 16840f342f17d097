"""The record of a round, computed from what its stages left on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch

from raysal.acquisition.selection.region_parts import region_errors
from raysal.acquisition.selection.score_parts import read_parts
from raysal.data.labels import labelled_ids, read_labels
from raysal.experiment.answered import query_costs
from raysal.experiment.changeable import changeable, settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import Round
from raysal.experiment.cost import total
from raysal.experiment.extend_labels import read_calibration
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.metrics import Metrics
from raysal.experiment.record import Record
from raysal.experiment.stage import wall_s
from raysal.experiment.stop import Stop
from raysal.inference.metrics import class_counts
from raysal.training.report import TrainReport


def make_record(r: Round, stop: Stop | None = None) -> Record:
    """The record of a round whose other stages are finished.

    Args:
        stop: why the experiment ends with it; None if it does not, or only because it is the last.
    """
    record = _record(r.config, r.layout, r.index, r.last or stop is not None)
    return record if stop is None else record.model_copy(update={"stop": stop.reason})


def record_so_far(layout: RunLayout, here: RoundLayout, current: ExperimentConfig) -> Record:
    """What the record of a round would be whose model is measured, but whose query is being made or
    not answered yet: `queried` is what is asked for, None if that is not known.

    Args:
        current: the settings of the run.

    Raises:
        DataError: a stage, or the settings of the round, are damaged or missing.
    """
    config = settings_of(here, layout, current)
    return _record(config, layout, int(here.folder.name), not here.query_file.exists())


def _record(config: ExperimentConfig, layout: RunLayout, index: int, no_query: bool) -> Record:
    here = layout.round(index)
    extended = layout.extended(index)
    labelled = [cost for query in layout.queries(index) for cost in query_costs(query)]
    metrics = Metrics.read(here.metrics)
    classes = len(config.data.class_names)
    return Record(
        round=index,
        name=config.name,
        seed=config.seed,
        strategy=config.strategy_label,
        fingerprint=config.fingerprint(),
        labelled=total(labelled),
        queried=None if no_query else total(query_costs(here)),
        class_pixels=_class_pixels(classes, layout.label_folders(index)),
        extended_pixels=_class_pixels(classes, extended) if extended else None,
        extension=read_calibration(here.extended),
        miou=metrics.miou,
        settings=changeable(config.essence()),
        weights=_weights(config, here.model),
        measured=metrics.split is not None,
        corrected=_corrected(config, layout.label_folders(index)),
        bad_images=() if no_query else unusable(here),
        timings_s={step: wall_s(folder) for step, folder in here.stages().items()},
    )


def unusable(here: RoundLayout) -> tuple[str, ...]:
    """The images without a score, or in which no region could be picked."""
    bad = {row.image_id for row in read_parts(str(here.scores)) if row.error is not None}
    if here.regions.exists():
        bad |= {image_id for image_id, _ in region_errors(str(here.regions))}
    return tuple(sorted(bad))


def _weights(config: ExperimentConfig, model: Path) -> Literal["best_val", "last"]:
    validated = TrainReport.read(model).val_miou is not None
    return "best_val" if validated and config.train.checkpoint == "best_val" else "last"


def _corrected(config: ExperimentConfig, folders: Iterable[Path]) -> tuple[str, ...]:
    if config.data.corrections is None:
        return ()
    trained_on = {image_id for folder in folders for image_id in labelled_ids(folder)}
    return tuple(sorted(trained_on.intersection(config.data.corrected_by_id)))


def _class_pixels(classes: int, folders: Iterable[Path]) -> tuple[int, ...]:
    """(C,) labelled pixels of each class in some label folders."""
    pixels_C = torch.zeros(classes, dtype=torch.int64)
    for folder in folders:
        for labelled in read_labels(folder):
            pixels_C += class_counts(torch.from_numpy(labelled.label), classes)
    return tuple(pixels_C.tolist())
