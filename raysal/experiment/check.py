"""Checks of data and weights, before an experiment changes anything on disk."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.errors import DataError
from raysal.experiment.config import ExperimentConfig
from raysal.models.build import check_weights
from raysal.models.features import check_stage
from raysal.storage.foreign import named

Items = Mapping[Split, Sequence[Item]]
"""The images of each split."""


def check_before_start(config: ExperimentConfig) -> Items:
    """Check the data set, its splits, the weights and the features.

    Returns:
        As `check_splits`.

    Raises:
        DataError, ConfigError, CheckpointError: something is missing or does not fit.
    """
    config.data.check()
    items = check_splits(config.data)
    check_network(config)
    return items


def check_network(config: ExperimentConfig) -> None:
    """Check that the weights exist, and the stage that the strategy takes features from.

    Raises:
        ConfigError, CheckpointError: one of them does not.
    """
    check_weights(config.model)
    if (stage := config.acquisition.needs.stage) is not None:
        check_stage(config.resolved_model, stage)


def check_splits(dataset: Dataset) -> Items:
    """Check that each image is in one split, once, and that there is a split to evaluate on.

    Returns:
        The images of each split: to list a large folder again takes seconds.

    Raises:
        DataError: an id occurs twice, or there are neither test nor validation images.
    """
    items = {split: dataset.items(split) for split in SPLITS}
    ids = {split: [item.image_id for item in items[split]] for split in SPLITS}
    for split, of_split in ids.items():
        for image_id, count in Counter(of_split).items():
            if count > 1:
                raise DataError(f"{dataset.name}: '{image_id}' is in the {split} split twice")
    for one, other in itertools.combinations(SPLITS, 2):
        if shared := sorted(set(ids[one]).intersection(ids[other])):
            raise DataError(_in_two_splits(dataset, one, other, shared))
    if not ids["test"] and not ids["val"]:
        raise DataError(f"{dataset.name}: there is neither a test nor a val split to evaluate on")
    return items


def _in_two_splits(dataset: Dataset, one: Split, other: Split, shared: Sequence[str]) -> str:
    images = "1 image is" if len(shared) == 1 else f"{len(shared)} images are"
    lists = [
        f"the {split} split" + (f" ({where})" if (where := dataset.list_of(split)) else "")
        for split in (one, other)
    ]
    return (
        f"{dataset.name}: {images} in both {' and '.join(lists)}: {named(shared)}; an image may "
        "belong to one split only, so take it out of one of them"
    )
