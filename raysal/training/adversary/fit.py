"""Training one round's adversary, from the initial weights or from where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed
from raysal.data.labels import labelled_ids
from raysal.errors import CheckpointError
from raysal.inference.predict import predict, to_tensor
from raysal.models.adversary import FILE, save_adversary
from raysal.models.checkpoint import load_model
from raysal.training.adversary.images import Rate, SmallImages, read_small, unlabelled_rows
from raysal.training.adversary.job import AdversaryJob
from raysal.training.adversary.state import AdversaryTraining
from raysal.training.fit import LAST
from raysal.training.job import EpochReport
from raysal.training.report import REPORT, AdversaryReport, bad_images
from raysal.training.world import World

# Number of times the state is saved; a crash costs at most one part.
PARTS = 10


def fit_adversary(
    job: AdversaryJob, world: World, on_part: Callable[[EpochReport], None] = lambda report: None
) -> None:
    """Train, and write `adversary.pt` and `train.json` to `job.out`.

    Reports count steps. Every random choice is a function of (seed, round, step), so that
    training resumed after a crash ends with the same weights as uninterrupted training.

    Raises:
        DataError: no readable image of one of the two kinds.
        CheckpointError: TA-VAAL, and the task model has no rating head.
        TrainingError: a loss or a weight is no longer a finite number.
        OSError: no space left for a checkpoint.
    """
    assert world.size == 1, "an adversary has one worker"
    if (job.out / REPORT).exists():
        return  # Written last: training is complete.
    labelled, unlabelled = _images(job, world.device)
    steps = job.steps(len(labelled), len(unlabelled))
    training = AdversaryTraining(job, labelled, unlabelled, steps, world.device)
    progress = training.restore()
    parts = min(PARTS, steps)
    ends = [(part + 1) * steps // parts for part in range(parts)]
    for part in range(progress.parts_done, parts):
        start = ends[part - 1] if part else 0
        vae_loss, loss = training.run(start, ends[part])
        progress.parts_done = part + 1
        progress.history.append({"step": ends[part], "vae_loss": vae_loss, "loss": loss})
        training.save(progress)
        on_part(EpochReport(ends[part], steps, loss, None))
    training.recompute_batch_norm()
    save_adversary(job.out / FILE, training.adversary)
    report = AdversaryReport(
        labelled=len(labelled),
        unlabelled=len(unlabelled),
        steps=steps,
        history=progress.history,
        bad_images=bad_images(labelled.bad + unlabelled.bad),
    )
    report.write(job.out)
    (job.out / LAST).unlink(missing_ok=True)


def _images(job: AdversaryJob, device: torch.device) -> tuple[SmallImages, SmallImages]:
    """The labelled and the unlabelled images to train on."""
    ids = {image_id for folder in job.label_folders for image_id in labelled_ids(folder)}
    rate = _rate(job, device) if job.shape.ranked else None
    most, seed = job.config.unlabelled, derive_seed(job.seed, "unlabelled", job.round_index)
    labelled = read_small(
        job.pool.fetch(ids), "labelled", job.size, job.config.side, rate,
        pixels=job.pixels, tile=job.tile,
    )  # fmt: skip
    unlabelled = read_small(
        unlabelled_rows(job.pool, job.candidates, ids, most, seed),
        "unlabelled",
        job.size,
        job.config.side,
        rate,
        most,
        job.pixels,
        job.tile,
    )
    return labelled, unlabelled


def _rate(job: AdversaryJob, device: torch.device) -> Rate:
    """A function that rates images with the task model, which is not trained further."""
    assert job.model is not None
    model = load_model(job.model, device).model
    if model.rating is None:
        raise CheckpointError(
            "TA-VAAL reads a rating, but the model was trained without a rating branch; train "
            "with model.rating_stages=four"
        )

    def rate(images: Sequence[np.ndarray]) -> Tensor:
        rating_B = predict(model, to_tensor(images).to(device), job.precision).rating_B
        assert rating_B is not None
        return rating_B.float().cpu()

    return rate
