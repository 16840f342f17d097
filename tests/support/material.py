"""A small model, pools of images, adversaries, and the job of a small training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from raysal.data.labels import write_labels
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.data.sets.streets.dataset import Streets
from raysal.models.adversary import FILE as ADVERSARY_FILE
from raysal.models.adversary import Adversary, save_adversary
from raysal.models.adversary_shape import AdversaryShape
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig
from raysal.training.job import TrainJob
from tests.support.labels import whole_image
from tests.support.shallow_network import MOBILENET, SHALLOW, know_shallow

SIZE = (48, 64)
IMAGES = 45


@dataclass(frozen=True)
class Material:
    """What jobs need.

    Attributes:
        model: has every branch that a strategy may need, and dropout.
        shallow: as `model`, with the network of `shallow_network.py`: for what this process and its
            forks do, where the network is not what is tested.
        pools: the same images in different shards and row groups.
        adversaries: folders of adversaries, by strategy.
    """

    dataset: Streets
    model: Path
    shallow: Path
    pools: dict[str, Pool]
    adversaries: dict[str, Path]


def make_material(root: Path) -> Material:
    """The weights are random, which is sufficient: every image has a different score."""
    know_shallow()
    dataset = Streets(size=SIZE, train=IMAGES, val=4, test=8)
    for name, network in (("model", MOBILENET), ("shallow", SHALLOW)):
        config = ModelConfig(**network, channel_dropout=0.25, rating_stages="six")
        model = build_model(config.resolved(frozenset({"difficulty"})), 11, seed=3)
        (root / name).mkdir()
        save_model(
            root / name / FILE, model, dataset.class_names, dataset.palette, SIZE, range(1, 12)
        )
    shapes = {
        "one shard": {"row_group_images": 16},
        "many shards": {"row_group_images": 4, "shard_bytes": 1},
    }
    pools = {
        name: write_pool(dataset_sources(dataset), str(root / name), **shape)
        for name, shape in shapes.items()
    }
    adversaries = {name: root / name / "adversary" for name in ("vaal", "tavaal")}
    for name, folder in adversaries.items():
        folder.mkdir(parents=True)
        torch.manual_seed(0)
        rank = "raw" if name == "tavaal" else "none"
        shape = AdversaryShape(side=32, latent=8, width=4, rank=rank)
        save_adversary(folder / ADVERSARY_FILE, Adversary(shape))
    return Material(dataset, root / "model", root / "shallow", pools, adversaries)


def make_train_job(material: Material, root: Path) -> TrainJob:
    """A training on eight labelled images for a few epochs."""
    labels = root / "labels"
    labels.mkdir()
    items = material.dataset.items("train")[:8]
    write_labels(labels, (whole_image(i.image_id, material.dataset.label(i)) for i in items))
    (root / "out").mkdir()
    return TrainJob(
        dataset=material.dataset,
        pool_uri=material.pools["one shard"].uri,
        label_folders=(labels,),
        out=root / "out",
        model=ModelConfig(weights="none").resolved(frozenset({"difficulty"})),
        loss=LossConfig(),
        optim=OptimConfig(),
        train=TrainConfig(epochs=6, batch_size=4, validate_every=2),
        augment=AugmentConfig(),
        seed=0,
        round_index=0,
    )
