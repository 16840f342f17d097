"""Whether a model has what is read of it."""

from __future__ import annotations

from pathlib import Path

import torch

from raysal.acquisition.base import Strategy
from raysal.errors import CheckpointError
from raysal.models.adversary import Adversary, load_adversary
from raysal.models.checkpoint import LoadedModel


def check_needs(strategy: Strategy, loaded: LoadedModel) -> None:
    """The model has what the strategy reads.

    Raises:
        CheckpointError: it has not; the message says how to train one that has.
    """
    needs = strategy.needs
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
    if needs.votes is not None:
        check_votes(loaded)


def check_votes(loaded: LoadedModel) -> None:
    """The model has dropout outside its backbone, without which all passes are the same.

    Raises:
        CheckpointError: it has none.
    """
    if loaded.config.channel_dropout == 0:
        raise CheckpointError(
            "the model has no channel dropout, so that all votes would be equal; train with "
            "model.channel_dropout=0.25"
        )


def load_needed_adversary(
    strategy: Strategy, folder: Path | None, device: str | torch.device = "cpu"
) -> Adversary | None:
    """The adversary that the strategy reads; None if it reads none.

    Raises:
        CheckpointError: there is none, or it is of the other kind.
    """
    if strategy.needs.adversary is None:
        return None
    name = strategy.name
    source = f"a round of a run with acquisition.name={name}, but for the last, leaves one"
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
