"""Evaluation of a model on parts of a split by a single worker."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from raysal.engine.jobs import EvaluateJob, Evaluation
from raysal.errors import CheckpointError
from raysal.models.checkpoint import load_model
from raysal.training.evaluate import evaluate, read_samples

BATCH = 8


class Evaluator:
    """Holds the model and counts correct and wrong pixels.

    Raises:
        CheckpointError: the model was trained for another number of classes.
    """

    def __init__(self, job: EvaluateJob, device: torch.device) -> None:
        self.job, self.device = job, device
        self.loaded = load_model(job.model, device)
        self.items = job.dataset.items(job.split)
        classes = len(job.dataset.class_names)
        if len(self.loaded.class_names) != classes:
            raise CheckpointError(
                f"{job.model} was trained for {len(self.loaded.class_names)} classes, "
                f"{job.dataset.name} has {classes}"
            )

    def evaluate(self, indices: Iterable[int]) -> Evaluation:
        """The confusion matrix of the items of the split with these indices."""
        bad: list[tuple[str, str]] = []
        chosen = [self.items[i] for i in indices]
        confusion = evaluate(
            self.loaded.fast,
            read_samples(self.job.dataset, chosen, bad, self.loaded.pixels),
            len(self.loaded.class_names),
            BATCH,
            self.job.precision,
            self.device,
        )
        return Evaluation(confusion.tolist(), len(chosen) - len(bad), bad)
