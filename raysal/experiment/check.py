"""Checks of data and weights, before an experiment changes anything on disk."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysal.data.sets.base import SPLITS, Dataset, Item, Split
from raysal.data.sets.folder import Folder
from raysal.errors import ConfigError, DataError
from raysal.experiment.check_corrections import check_corrections
from raysal.experiment.config import ExperimentConfig
from raysal.models.config import ASPP, DECODER

if TYPE_CHECKING:
    from raysal.models.network import Network

Items = Mapping[Split, Sequence[Item]]
"""The images of each split."""


@dataclass(frozen=True)
class Checked:
    """What a run that may start works with.

    Attributes:
        items: as of `check_splits`.
        code: of the network, see `Network.code`.
    """

    items: Items
    code: Mapping[str, str]


def check_files(configs: Iterable[ExperimentConfig]) -> None:
    """Check that files and named stages exist, without loading torch or Ray.

    Raises:
        DataError, ConfigError: something is missing.
    """
    checked = set()
    for config in configs:
        if (data := str(config.data)) not in checked:
            config.data.check()
            if config.oracle == "simulated":
                for split in SPLITS:
                    config.data.check_labelled(config.data.items(split))
            check_corrections(config)
            checked.add(data)
        config.model.check()
        if config.encoder is not None:
            config.encoder.check()
        if (stage := config.stage) is not None:
            config.model.check_stage("acquisition.feature", stage, ASPP, DECODER)


def check_before_start(config: ExperimentConfig) -> Checked:
    """Check the data set, its splits, the weights and the features.

    Raises:
        DataError, ConfigError, CheckpointError: something is missing or does not fit.
    """
    check_files([config])
    items = check_splits(config.data)
    check_measured(config, items)
    return Checked(items, check_network(config).code)


def check_network(config: ExperimentConfig) -> Network:
    """Check the network, its weights, the stages that strategy and label extension read, and the
    encoder of `features`.

    Returns:
        The network, whose weights may have no values; see `check_model`.

    Raises:
        ConfigError, CheckpointError: one of them does not exist.
    """
    from raysal.inference.trial import try_network
    from raysal.models.backbones import BACKBONES
    from raysal.models.build import check_model
    from raysal.models.dropouts import check_own_dropout
    from raysal.models.feature_encoder import build_encoder
    from raysal.models.features import check_stage

    data = config.data
    network = check_model(
        config.resolved_model,
        len(data.class_names),
        config.seed,
        data.input_size,
        data.pixels.channels,
    )
    if config.model.name not in BACKBONES:
        try_network(network, data.input_size, config.train.precision)
    if (stage := config.stage) is not None:
        check_stage(network, stage)
    votes = config.acquisition.needs.votes
    if votes is not None and votes.dropped == "network":
        check_own_dropout(network)
    if config.cle is not None and config.cle.features == "lowlevel":
        network.need_stages("cle.features=lowlevel")
    if config.encoder is not None:
        build_encoder(config.encoder, config.seed, data.pixels, data.input_size)
    elif config.al.start != "random":
        network.need_stages(f"al.start={config.al.start}")
    return network


def check_splits(dataset: Dataset) -> Items:
    """Check that each image is in one split, once.

    Returns:
        The images of each split: to list a large folder again takes seconds.

    Raises:
        DataError: an id occurs twice.
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
    return items


def check_measured(config: ExperimentConfig, items: Items) -> None:
    """Check that images to measure on are either in the data or drawn, not both.

    Without people to ask, there must be some.

    Raises:
        ConfigError: they are in the data and drawn.
        DataError: there are none.
    """
    name = config.data.name
    drawn: dict[Split, int] = {"test": config.al.test, "val": config.al.val}
    for split, count in drawn.items():
        if count and items[split]:
            keep = ""
            if isinstance(config.data, Folder) and config.data.lists is None:
                keep = " (data.shares=[0,0] keeps all images with masks for training)"
            raise ConfigError(
                f"al.{split} = {count} draws {split} images by lot, but {name} has a {split} split "
                f"of {len(items[split])} images; remove al.{split}, or that split from the "
                f"data{keep}"
            )
    if config.oracle == "simulated" and not any(drawn[s] or items[s] for s in ("test", "val")):
        raise DataError(
            f"{name}: there is neither a test nor a val split to evaluate on; add one to the data, "
            "or let al.test draw images by lot"
        )
    if sum(drawn.values()) >= len(items["train"]):
        raise ConfigError(
            f"al.test and al.val draw {sum(drawn.values())} images, but {name} has "
            f"{len(items['train'])}; lower them"
        )


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
