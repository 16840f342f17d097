"""Training one round's adversary, from the initial weights or from where it was interrupted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from raysal.config.files import write_json
from raysal.config.seed import derive_seed
from raysal.data.labels import labelled_ids
from raysal.errors import CheckpointError, TrainingError
from raysal.models.adversary import FILE, Adversary, rank, save_adversary, to_unit
from raysal.models.checkpoint import load_model, load_state, save_state
from raysal.models.vae import VAE
from raysal.training.adversary_images import (
    Rate,
    SmallImages,
    batch_places,
    read_small,
    unlabelled_rows,
)
from raysal.training.adversary_job import AdversaryJob
from raysal.training.adversary_steps import AdversaryBatch, discriminator_step, vae_step
from raysal.training.evaluate import to_tensor
from raysal.training.fit import LAST, REPORT
from raysal.training.job import EpochReport
from raysal.training.steps import predict
from raysal.training.world import World

# As often it is saved; a crash costs one part.
PARTS = 10


@dataclass
class AdversaryProgress:
    """What is known after some parts; saved with the weights."""

    parts_done: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def fit_adversary(
    job: AdversaryJob, world: World, on_part: Callable[[EpochReport], None] = lambda report: None
) -> None:
    """Train and leave `adversary.pt` and `train.json` in `job.out`.

    Reports count steps. Every random choice is a function of (seed, round, step), so that a
    training continued after a crash ends with the same weights as one that was not interrupted.

    Raises:
        DataError: no readable image of one of the two kinds.
        CheckpointError: a task model that rates no images, though that is asked of it.
        TrainingError: a loss or a weight is no longer a finite number.
        OSError: no space left for a checkpoint.
    """
    assert world.size == 1, "an adversary has one worker"
    if (job.out / REPORT).exists():
        return  # Written last: everything was done when the process ended.
    labelled, unlabelled = _images(job, world.device)
    steps = job.steps(len(labelled), len(unlabelled))
    training = _Training(job, labelled, unlabelled, steps, world.device)
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
    save_adversary(job.out / FILE, training.adversary)
    write_json(
        job.out / REPORT,
        {
            "version": 1,
            "labelled": len(labelled),
            "unlabelled": len(unlabelled),
            "steps": steps,
            "history": progress.history,
            "bad_images": [
                {"image_id": i, "reason": reason} for i, reason in labelled.bad + unlabelled.bad
            ],
        },
    )
    (job.out / LAST).unlink(missing_ok=True)


class _Training:
    """The networks, their optimisers, and what they are trained on."""

    def __init__(
        self, job: AdversaryJob, labelled: SmallImages, unlabelled: SmallImages, steps: int,
        device: torch.device,
    ) -> None:  # fmt: skip
        self.job, self.config, self.device, self.steps = job, job.config, device, steps
        self.seed = derive_seed(job.seed, "adversary", job.round_index)
        self.images = {"labelled": labelled, "unlabelled": unlabelled}
        shape = job.shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(job.seed, "adversary weights"))
            self.vae = VAE(shape.side, shape.latent, shape.width, ranked=shape.ranked)
            self.adversary = Adversary(shape)
        # What is kept of the VAE is the encoder.
        self.adversary.encoder = self.vae.encoder
        self.networks = nn.ModuleDict(
            {"vae": self.vae, "discriminator": self.adversary.discriminator}
        ).to(device)
        self.networks.train()
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr=self.config.lr)
            for name, network in self.networks.items()
        }

    def run(self, start: int, stop: int) -> tuple[float, float]:
        """Some steps; the mean losses of the VAE and of the discriminator over them."""
        totals = np.zeros(2)
        for step in range(start, stop):
            losses = self._step(step)
            if not np.isfinite(losses).all():
                which = "VAE's" if not math.isfinite(losses[0]) else "discriminator's"
                self._fail(f"the {which} loss is no longer finite", step)
            totals += losses
        # The last step's losses say nothing of what that step did to the weights.
        if not all(x.isfinite().all() for x in self.networks.state_dict().values()):
            self._fail("weights are no longer finite", stop - 1)
        vae_loss, loss = totals / (stop - start)
        return float(vae_loss), float(loss)

    def _step(self, step: int) -> np.ndarray:
        """(2,) losses of the VAE and of the discriminator."""
        noise = torch.Generator().manual_seed(derive_seed(self.seed, "noise", step))
        vae, discriminator = self.vae, self.adversary.discriminator
        for turn in range(self.config.vae_steps):
            index = step * self.config.vae_steps + turn
            pair = self._batch("labelled", index, step), self._batch("unlabelled", index, step)
            of_labelled, of_unlabelled = torch.randn(
                2, self.job.batch_size, self.config.latent, generator=noise
            ).to(self.device)
            vae_loss = vae_step(
                vae, discriminator, self.optimizers["vae"], pair, (of_labelled, of_unlabelled),
                self.config,
            )  # fmt: skip
        loss = discriminator_step(vae, discriminator, self.optimizers["discriminator"], pair)
        return torch.stack([vae_loss, loss]).cpu().double().numpy()

    def _batch(self, kind: str, index: int, step: int) -> AdversaryBatch:
        images = self.images[kind]
        seed = derive_seed(self.seed, kind)
        places_B = batch_places(len(images), self.job.batch_size, seed, index)
        images_B3SS = to_unit(images.images_N3SS[places_B].to(self.device))
        if not self.job.shape.ranked:
            return AdversaryBatch(images_B3SS)
        assert images.rating_N is not None
        if step == 0:  # As in TA-VAAL's code.
            lots = torch.Generator().manual_seed(derive_seed(seed, "first ranks", index))
            rank_B = torch.rand(len(places_B), generator=lots).to(self.device)
            return AdversaryBatch(images_B3SS, rank_B, rank_B)
        rating_B = images.rating_N[places_B].to(self.device)
        return AdversaryBatch(images_B3SS, rating_B.sigmoid(), rank(rating_B, self.job.shape.rank))

    def _fail(self, what: str, step: int) -> None:
        mean = " or with acquisition.adversary.kl=mean" if self.config.kl == "sum" else ""
        raise TrainingError(
            f"{what} in step {step + 1} of {self.steps} of the adversary's training (round "
            f"{self.job.round_index}); begin a run of another name with a lower "
            f"acquisition.adversary.lr ({self.config.lr:g}){mean}"
        )

    def save(self, progress: AdversaryProgress) -> None:
        """Leave what `restore` continues from."""
        save_state(
            self._last,
            {
                "version": 1,
                "weights": {k: v.cpu() for k, v in self.networks.state_dict().items()},
                "optimizers": {k: o.state_dict() for k, o in self.optimizers.items()},
                "progress": vars(progress),
            },
        )

    def restore(self) -> AdversaryProgress:
        """Continue from the last part if there is one; a damaged file means from the start."""
        try:
            saved = load_state(self._last)
        except CheckpointError:
            return AdversaryProgress()
        self.networks.load_state_dict(saved["weights"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(saved["optimizers"][name])
        return AdversaryProgress(**saved["progress"])

    @property
    def _last(self) -> Path:
        return self.job.out / LAST


def _images(job: AdversaryJob, device: torch.device) -> tuple[SmallImages, SmallImages]:
    """The labelled ones and the others."""
    ids = {image_id for folder in job.label_folders for image_id in labelled_ids(folder)}
    rate = _rate(job, device) if job.shape.ranked else None
    most, seed = job.config.unlabelled, derive_seed(job.seed, "unlabelled", job.round_index)
    labelled = read_small(job.pool.fetch(ids), "labelled", job.size, job.config.side, rate)
    unlabelled = read_small(
        unlabelled_rows(job.pool, job.candidates, ids, most, seed),
        "unlabelled", job.size, job.config.side, rate, most,
    )  # fmt: skip
    return labelled, unlabelled


def _rate(job: AdversaryJob, device: torch.device) -> Rate:
    """The task model's ratings of some images; it is not trained any more."""
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
