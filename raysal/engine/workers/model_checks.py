"""Check that a checkpoint provides what the strategy needs."""

from __future__ import annotations

from pathlib import Path

import torch

from raysal.acquisition.base import Strategy
from raysal.errors import CheckpointError
from raysal.inference.vote import Dropped
from raysal.models.adversary import Adversary, load_adversary
from raysal.models.checkpoint import LoadedModel
from raysal.models.dropouts import check_own_dropout


def check_needs(strategy: Strategy, loaded: LoadedModel) -> None:
    """Check that the model has the branches and the dropout that the strategy needs.

    Raises:
        CheckpointError: something is missing; the message says how to train a suitable model.
    """
    needs = strategy.needs
    if not loaded.config.info.trained and (lacking := sorted(needs.names - {"probabilities"})):
        raise CheckpointError(
            f"strategy '{strategy.name}' reads {' and '.join(lacking)}, but an exported model "
            "gives only class probabilities; use one that reads nothing else, such as entropy"
        )
    stages = needs.rating.stages if needs.rating is not None else "none"
    for need, needed, branch, remedy in (
        ("difficulty", needs.difficulty, loaded.model.difficulty, "model.difficulty.branch=late"),
        ("rating", needs.rating, loaded.model.rating, f"model.rating_stages={stages}"),
    ):
        if needed and branch is None:
            raise CheckpointError(
                f"strategy '{strategy.name}' reads {need}, but the model was trained without "
                f"a {need} branch; train with {remedy}"
            )
    if needs.class_pixels and not any(loaded.class_pixels or ()):
        raise CheckpointError(
            f"strategy '{strategy.name}' reads class_pixels, but the model does not say how many "
            "pixels of each class it was trained on; train one with this version of raysal"
        )
    if needs.votes is not None:
        check_votes(loaded, needs.votes.dropped)


def check_votes(loaded: LoadedModel, dropped: Dropped = "channels") -> None:
    """Check that the model has the dropout that passes need; without it all are equal.

    Raises:
        CheckpointError, ConfigError: it has not.
    """
    if not loaded.config.info.trained:
        raise CheckpointError(
            "an exported model gives class probabilities only, and no votes of dropout passes"
        )
    if dropped == "network":
        check_own_dropout(loaded.model)
    elif loaded.config.channel_dropout == 0:
        raise CheckpointError(
            "the model has no channel dropout, so all votes would be equal; train with "
            "model.channel_dropout=0.25, or let the network's own dropout layers vote with "
            "acquisition.dropout=network"
        )


def load_needed_adversary(
    strategy: Strategy, folder: Path | None, device: str | torch.device = "cpu"
) -> Adversary | None:
    """Load the adversary that the strategy needs; None if it needs none.

    Raises:
        CheckpointError: the adversary is missing, or was trained for another strategy.
    """
    if strategy.needs.adversary is None:
        return None
    name = strategy.name
    source = f"each round but the last of a run with acquisition.name={name} leaves one"
    if folder is None or not folder.exists():
        raise CheckpointError(
            f"strategy '{name}' reads an adversary, but there is none at {folder}; {source} beside "
            "its model"
        )
    adversary = load_adversary(folder, device)
    if adversary.shape.ranked != (strategy.needs.rating is not None):
        raise CheckpointError(
            f"the adversary at {folder} was not trained for strategy '{name}'; {source}"
        )
    return adversary
