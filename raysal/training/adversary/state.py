"""Training state of the adversary: networks, optimisers, and the steps that update them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from raysal.config.seed import derive_seed
from raysal.errors import CheckpointError, TrainingError
from raysal.models.adversary import Adversary, rank, to_unit
from raysal.models.state_file import load_state, save_state
from raysal.models.vae import VAE
from raysal.training.adversary.images import SmallImages, batch_indices
from raysal.training.adversary.job import AdversaryJob
from raysal.training.adversary.steps import AdversaryBatch, discriminator_step, vae_step
from raysal.training.fit import LAST

# Images for batch-norm statistics: enough for the mean and variance of a channel.
NORM_IMAGES = 1024


@dataclass
class AdversaryProgress:
    """Progress so far, saved with the weights after each part."""

    parts_done: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class AdversaryTraining:
    """The networks, their optimisers, and the images that they are trained on."""

    def __init__(
        self,
        job: AdversaryJob,
        labelled: SmallImages,
        unlabelled: SmallImages,
        steps: int,
        device: torch.device,
    ) -> None:
        self.job, self.config, self.device, self.steps = job, job.config, device, steps
        self.seed = derive_seed(job.seed, "adversary", job.round_index)
        self.images = {"labelled": labelled, "unlabelled": unlabelled}
        shape = job.shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(job.seed, "adversary weights"))
            self.vae = VAE(
                shape.side, shape.latent, shape.width, shape.channels, ranked=shape.ranked
            )
            self.adversary = Adversary(shape)
        # The adversary keeps the VAE's encoder.
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
        """Run steps `start` to `stop`; returns the mean losses of VAE and discriminator."""
        totals = np.zeros(2)
        for step in range(start, stop):
            losses = self._step(step)
            if not np.isfinite(losses).all():
                which = "VAE's" if not math.isfinite(losses[0]) else "discriminator's"
                self._fail(f"the {which} loss is no longer finite", step)
            totals += losses
        # The last step's losses were computed before that step changed the weights.
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
                vae,
                discriminator,
                self.optimizers["vae"],
                pair,
                (of_labelled, of_unlabelled),
                self.config,
            )
        loss = discriminator_step(vae, discriminator, self.optimizers["discriminator"], pair)
        return torch.stack([vae_loss, loss]).cpu().double().numpy()

    def _batch(self, kind: str, index: int, step: int) -> AdversaryBatch:
        images = self.images[kind]
        seed = derive_seed(self.seed, kind)
        indices_B = batch_indices(len(images), self.job.batch_size, seed, index)
        images_BDSS = to_unit(images.images_NDSS[indices_B].to(self.device))
        if not self.job.shape.ranked:
            return AdversaryBatch(images_BDSS)
        assert images.rating_N is not None
        if step == 0:  # TA-VAAL's code begins with random ranks.
            rng = torch.Generator().manual_seed(derive_seed(seed, "first ranks", index))
            rank_B = torch.rand(len(indices_B), generator=rng).to(self.device)
            return AdversaryBatch(images_BDSS, rank_B, rank_B)
        rating_B = images.rating_N[indices_B].to(self.device)
        return AdversaryBatch(images_BDSS, rating_B.sigmoid(), rank(rating_B, self.job.shape.rank))

    def recompute_batch_norm(self) -> None:
        """Recompute the encoder's batch-norm statistics over unlabelled images.

        In training, labelled and unlabelled batches are normalised separately, and the released
        code also scores unlabelled images in batches. With the mean of their statistics, an image's
        score does not depend on the other images in its batch.
        """
        for norm in self.vae.encoder.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.reset_running_stats()
                norm.momentum = None  # Cumulative mean over the batches below.
        images = min(NORM_IMAGES, len(self.images["unlabelled"]))
        with torch.no_grad():
            for index in range(-(-images // self.job.batch_size)):
                self.vae.encoder(self._batch("unlabelled", index, step=0).images_BDSS)

    def _fail(self, what: str, step: int) -> None:
        mean = " or with acquisition.adversary.kl=mean" if self.config.kl == "sum" else ""
        raise TrainingError(
            f"{what} in step {step + 1} of {self.steps} of the adversary's training (round "
            f"{self.job.round_index}); start a run under another name with a lower "
            f"acquisition.adversary.lr ({self.config.lr:g}){mean}"
        )

    def save(self, progress: AdversaryProgress) -> None:
        """Write the checkpoint that `restore` reads."""
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
        """Resume after the last part, or start over if its checkpoint is missing or damaged."""
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
