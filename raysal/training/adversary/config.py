"""Settings of VAAL's and TA-VAAL's adversary and of its training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator

from raysal.config.settings import Frozen
from raysal.models.adversary_shape import SHRINKS, AdversaryShape

# Limit for `steps: epochs`, so that a large pool does not take days.
MAX_STEPS = 20_000
# Batch norm needs two images.
BatchSize = Annotated[int, Field(ge=2, le=65_536)]
Steps = Annotated[PositiveInt, Field(le=1_000_000_000)]


class AdversaryConfig(Frozen):
    """VAAL (Sinha et al., ICCV 2019): a VAE and a discriminator beside the task model.

    Only code for classification is released; defaults that differ from it are its authors'
    recommendations for segmentation, or this project's choice.
    """

    side: PositiveInt = Field(default=64, le=4096)
    """S: images are resized to S x S pixels, a multiple of 16 (released code: 32)."""
    latent: PositiveInt = Field(default=128, le=65_536)
    """Z, length of the latent vector (released code: 32; its authors: 128 for Cityscapes)."""
    width: PositiveInt = Field(default=128, le=4096)
    """Channels of the VAE's first convolution; fewer are faster."""
    beta: NonNegativeFloat = 1.0
    """β, weight of the KL divergence in the VAE's loss."""
    weight: NonNegativeFloat = 1.0
    """λ, weight of the adversarial term in the VAE's loss."""
    kl: Literal["mean", "sum"] = "mean"
    """Over batch and latent vector. `sum`, as in VAAL's code, dwarfs the other terms."""
    lr: PositiveFloat = 5e-4
    """Learning rate of Adam for VAE and discriminator."""
    batch_size: Literal["task"] | BatchSize = "task"
    """Labelled images per step, and as many unlabelled ones; `task`: `train.batch_size`."""
    vae_steps: PositiveInt = Field(default=2, le=1000)
    """Updates of the VAE per update of the discriminator, each on a new batch."""
    steps: Literal["task", "epochs"] | Steps = "task"
    """Updates of the discriminator. `task`: as many as the task model had in this round, so that
    methods compare at equal length. `epochs`: `epochs` times the number of labelled and
    unlabelled images, divided by the batch size, at most 20,000."""
    epochs: PositiveInt = Field(default=100, le=1_000_000)
    """Used for `steps: epochs` (released code: 100)."""
    unlabelled: PositiveInt = 10_000
    """Maximum number of the round's candidates to train on. In larger pools, row groups are drawn
    at random until it is reached, so that neither memory nor reading grows with the pool."""

    @field_validator("side")
    @classmethod
    def _can_be_halved(cls, side: int) -> int:
        if side % SHRINKS:
            raise ValueError("must be a multiple of 16, because the encoder halves it four times")
        return side

    @property
    def shape(self) -> AdversaryShape:
        """Layer sizes of the networks."""
        return AdversaryShape(side=self.side, latent=self.latent, width=self.width, rank="none")


class RankedAdversaryConfig(AdversaryConfig):
    """TA-VAAL (Kim et al., CVPR 2021): the adversary also reads the images' predicted losses."""

    vae_steps: PositiveInt = Field(default=1, le=1000)
    steps: Literal["task", "epochs"] | Steps = "epochs"
    d_rank: Literal["raw", "sigmoid"] = "raw"
    """The discriminator's extra input: the predicted loss (released code), or its sigmoid, nearer
    to the paper's normalised rank."""

    @property
    def shape(self) -> AdversaryShape:
        """Layer sizes of the networks."""
        return super().shape.model_copy(update={"rank": self.d_rank})
