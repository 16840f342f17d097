"""Checks of data and weights, before an experiment changes anything on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from raysal.data.sets.base import Dataset, Item, Split
from raysal.errors import DataError
from raysal.experiment.config import ExperimentConfig
from raysal.models.config import ASPP, DECODER

SPLITS: tuple[Split, ...] = get_args(Split)


def check_files(configs: Iterable[ExperimentConfig]) -> None:
    """Check that files and named stages exist, without loading torch or Ray.

    Raises:
        DataError, ConfigError: something is missing.
    """
    checked = set()
    for config in configs:
        if (data := str(config.data)) not in checked:
            config.data.check()
            checked.add(data)
        config.model.check()
        if (stage := config.acquisition.needs.stage) is not None:
            config.model.check_stage("acquisition.feature", stage, ASPP, DECODER)


def check_before_start(config: ExperimentConfig) -> None:
    """Check the data set, its splits, the weights and the features.

    Raises:
        DataError, ConfigError, CheckpointError: something is missing or does not fit.
    """
    check_files([config])
    check_splits(config.data)
    check_network(config)


def check_network(config: ExperimentConfig) -> None:
    """Check that the weights exist, and the network stage whose features the strategy reads.

    Raises:
        ConfigError, CheckpointError: one of them does not exist.
    """
    from raysal.models.build import check_weights
    from raysal.models.features import check_stage

    check_weights(config.model)
    if (stage := config.acquisition.needs.stage) is not None:
        check_stage(config.resolved_model, stage)


def check_splits(dataset: Dataset) -> None:
    """Check that image ids are unique in each split, and that there is a split to evaluate on.

    Raises:
        DataError: an id occurs twice, or there are neither test nor validation images.
    """
    for split in SPLITS:
        counts = Counter(item.image_id for item in dataset.items(split))
        for image_id, count in counts.items():
            if count > 1:
                raise DataError(f"{dataset.name}: '{image_id}' is in the {split} split twice")
    if not dataset.items("test") and not dataset.items("val"):
        raise DataError(f"{dataset.name}: there is neither a test nor a val split to evaluate on")


def check_mask(dataset: Dataset, item: Item) -> None:
    """Check that a mask can be decoded and has the size of its image.

    Raises:
        DataError: the mask is unreadable, of another size, or has unknown class ids.
    """
    mask = dataset.raw_label(item)
    size = dataset.stored_size(item)
    if size is not None and size != mask.shape:
        raise DataError(
            f"{dataset.name}: the mask of '{item.image_id}' is {mask.shape[0]}x{mask.shape[1]}, "
            f"its image {size[0]}x{size[1]} (height x width); masks must match their images "
            f"({item.label})"
        )
