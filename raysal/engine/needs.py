"""Whether a model has what is read of it."""

from __future__ import annotations

from raysal.acquisition.base import Strategy
from raysal.errors import CheckpointError
from raysal.models.checkpoint import LoadedModel


def check_needs(strategy: Strategy, loaded: LoadedModel) -> None:
    """The model has what the strategy reads.

    Raises:
        CheckpointError: it has not; the message says how to train one that has.
    """
    for need, branch, remedy in (
        ("difficulty", loaded.model.difficulty, "model.difficulty.branch=late"),
        ("rating", loaded.model.rating, "model.rating_stages=six"),
    ):
        if need in strategy.needs and branch is None:
            raise CheckpointError(
                f"strategy '{strategy.name}' reads {need}, but the model was trained without "
                f"a {need} branch; train with {remedy}"
            )
    if "votes" in strategy.needs:
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
