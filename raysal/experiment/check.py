"""Checks of data and weights, before an experiment changes anything on disk."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.errors import DataError
from raysal.experiment.config import ExperimentConfig
from raysal.models.config import ASPP, DECODER

Items = Mapping[Split, Sequence[Item]]
"""The images of each split."""


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


def check_before_start(config: ExperimentConfig) -> Items:
    """Check the data set, its splits, the weights and the features.

    Returns:
        As `check_splits`.

    Raises:
        DataError, ConfigError, CheckpointError: something is missing or does not fit.
    """
    check_files([config])
    items = check_splits(config.data)
    check_network(config)
    return items


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
    from raysal.storage.foreign import named  # Loads pyarrow.

    images = "1 image is" if len(shared) == 1 else f"{len(shared)} images are"
    lists = [
        f"the {split} split" + (f" ({where})" if (where := dataset.list_of(split)) else "")
        for split in (one, other)
    ]
    return (
        f"{dataset.name}: {images} in both {' and '.join(lists)}: {named(shared)}; an image may "
        "belong to one split only, so take it out of one of them"
    )
