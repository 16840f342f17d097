"""Measure a trained model on labelled data, outside the active learning loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from raysal.curate.evaluation_data import LabelledData
from raysal.data.identity import contents_hash, identify
from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.engine.base import Engine
from raysal.engine.jobs import EvaluateJob
from raysal.errors import BadImagesError, CheckpointError
from raysal.experiment.check_masks import check_mask, threads_for
from raysal.experiment.integrity import check_model_stage
from raysal.experiment.measuring import WithDrawnSplits
from raysal.experiment.metrics import Metrics
from raysal.inference.metrics import iou, mean_iou, pixel_accuracy
from raysal.models.checkpoint import LoadedModel, load_model
from raysal.progress import Watch
from raysal.storage.foreign import named
from raysal.training.report import bad_images


@dataclass(frozen=True)
class Evaluated:
    """What is to be measured, all of it checked.

    Attributes:
        model: the checkpoint, or its folder.
        dataset: at the size that its images and masks are resized to.
        items: the images of the split.
        columns: the model's id of each class of the data set.
    """

    model: Path
    loaded: LoadedModel
    data: LabelledData
    dataset: Dataset
    split: Split
    items: Sequence[Item]
    columns: Sequence[int]


def open_evaluation(model: Path, data: LabelledData, split: Split | None) -> Evaluated:
    """Load the model and match it with the data.

    Args:
        split: see `LabelledData.items`.

    Raises:
        CheckpointError: the checkpoint is absent or damaged, has other classes, or cannot
            process images of the size of the data.
        DataError: an image or a mask is missing.
    """
    split, items = data.items(split)
    check_model_stage(model)
    loaded = load_model(model)
    dataset = data.dataset(loaded.working_size, loaded.tile)
    loaded.model.check_size(dataset.input_size)
    columns = match_classes(loaded.class_names, dataset, model)
    return Evaluated(model, loaded, data, dataset, split, items, columns)


def evaluate_model(e: Evaluated, make_engine: Callable[[], Engine], watch: Watch) -> Metrics:
    """Measure the model as the rounds of a run do.

    Images and masks are resized to `e.dataset.size`, and the classes are in the order of the data
    set.

    Raises:
        DataError: a mask cannot be used.
        BadImagesError: too many images are unreadable.
    """
    drawn = isinstance(e.dataset, WithDrawnSplits) and e.split in e.dataset.stores
    if not drawn:  # The labels of a run were checked when they were taken.
        watch.start("check masks", len(e.items))
        with ThreadPoolExecutor(threads_for(e.dataset)) as threads:
            # Images are decoded for the network, and not here as well.
            for _ in threads.map(partial(check_mask, e.dataset, "train"), e.items):
                watch.advance(1)
        watch.finish()
    engine = make_engine()
    try:
        watch.start("evaluate", len(e.items))
        job = EvaluateJob(e.dataset, e.split, e.model.absolute(), e.data.precision)
        result = engine.evaluate(job, watch.advance)
        watch.finish()
    finally:
        engine.close()
    _check_bad(e, result.bad)
    confusion = torch.tensor(result.confusion)[:, list(e.columns)]
    items = {s: e.items if s == e.split and not drawn else [] for s in SPLITS}
    identity = identify(e.dataset, items=items)
    if isinstance(e.dataset, WithDrawnSplits):
        identity = e.dataset.identity(identity)
    return Metrics(
        split=e.split,
        images=result.images,
        miou=mean_iou(confusion),
        pixel_accuracy=pixel_accuracy(confusion),
        iou=tuple(iou(confusion)),
        class_names=e.dataset.class_names,
        confusion=tuple(map(tuple, confusion.tolist())),
        bad_images=bad_images(result.bad),
        split_contents=contents_hash(identity[e.split]),
    )


def match_classes(trained: Sequence[str], dataset: Dataset, model: Path) -> list[int]:
    """The model's id of each class of the data set.

    Raises:
        CheckpointError: a class of one is not a class of the other.
    """
    names = dataset.class_names
    lines = [
        f"{where} {named(more)}"
        for where, more in (
            ("only the model has", _without(trained, names)),
            ("only the data have", _without(names, trained)),
        )
        if more
    ]
    if lines or len(trained) != len(names):
        raise CheckpointError(
            f"{model} was trained for {len(trained)} classes, {dataset.name} has {len(names)}, and "
            f"they are matched by name: {'; '.join(lines) or 'a name is given twice'}"
        )
    return [trained.index(name) for name in names]


def _without(names: Iterable[str], others: Sequence[str]) -> list[str]:
    return [name for name in names if name not in others]


def _check_bad(e: Evaluated, bad: Sequence[tuple[str, str]]) -> None:
    if len(bad) > e.dataset.max_bad_share * len(e.items):
        _, reason = bad[0]
        raise BadImagesError(
            f"{len(bad)} of {len(e.items)} {e.split} images are unreadable, more than "
            f"data.max_bad_share = {e.dataset.max_bad_share:g} allows; the first: {reason}"
        )
