"""The record of a round, computed from what its stages left on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from raysal.acquisition.selection.score_parts import read_parts
from raysal.data.labels import read_labels
from raysal.experiment.answered import query_costs
from raysal.experiment.changeable import changeable
from raysal.experiment.context import Round
from raysal.experiment.cost import total
from raysal.experiment.extend_labels import read_calibration
from raysal.experiment.metrics import Metrics
from raysal.experiment.record import Record
from raysal.experiment.stage import wall_s
from raysal.inference.metrics import class_counts


def make_record(r: Round) -> Record:
    """The record of a round whose other stages are finished."""
    here = r.layout.round(r.index)
    extended = r.layout.extended(r.index)
    labelled = [cost for query in r.layout.queries(r.index) for cost in query_costs(query)]
    metrics = Metrics.read(here.metrics)
    return Record(
        round=r.index,
        name=r.config.name,
        seed=r.config.seed,
        strategy=r.config.strategy_label,
        fingerprint=r.config.fingerprint(),
        labelled=total(labelled),
        queried=None if r.last else total(query_costs(here)),
        class_pixels=_class_pixels(r, r.layout.label_folders(r.index)),
        extended_pixels=_class_pixels(r, extended) if extended else None,
        extension=read_calibration(here.extended),
        miou=metrics.miou,
        settings=changeable(r.config.essence()),
        measured=metrics.split is not None,
        bad_images=() if r.last else _without_score(here.scores),
        timings_s={step: wall_s(folder) for step, folder in here.stages().items()},
    )


def _without_score(scores: Path) -> tuple[str, ...]:
    return tuple(sorted(row.image_id for row in read_parts(str(scores)) if row.error is not None))


def _class_pixels(r: Round, folders: Iterable[Path]) -> tuple[int, ...]:
    """(C,) labelled pixels of each class in some label folders."""
    classes = len(r.config.data.class_names)
    pixels_C = torch.zeros(classes, dtype=torch.int64)
    for folder in folders:
        for labelled in read_labels(folder):
            pixels_C += class_counts(torch.from_numpy(labelled.label), classes)
    return tuple(pixels_C.tolist())
