"""Settings of losses, optimiser and training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from raysal.config.marks import NOT_ESSENTIAL
from raysal.config.settings import Frozen
from raysal.inference.precision import Precision

LoaderWorkers = Annotated[NonNegativeInt, Field(le=256)]


class DifficultyLossConfig(Frozen):
    """L_dif (DEAL, Eq. 4) and its variants in the released code."""

    loss: Literal["eq4", "code_wce", "bce"] = "eq4"
    """Eq. 4; the released code's weighted form; or plain binary cross-entropy."""
    scope: Literal["image", "batch"] = "image"
    """Whether right and wrong pixels are counted per image or over the batch."""
    ignore: Literal["exclude", "right"] = "exclude"
    """Whether ignored pixels are left out or count as right (released code)."""


class RatingLossConfig(Frozen):
    """Pairwise ranking loss of the rating head (CPRAL, section 3.1; Yoo & Kweon, Eq. 2)."""

    kind: Literal["auto", "margin", "ranknet"] = "auto"
    """`margin`: Yoo & Kweon's; `ranknet`: likelihood of the order (TA-VAAL). `auto`: the
    strategy's, which is `margin` except for TA-VAAL."""
    weight: NonNegativeFloat = 1.0
    """Weight of the ranking loss in the total loss."""
    margin: PositiveFloat = 1.0
    """ξ of `margin`: by how much the image with the larger loss must be rated higher."""
    tie: Literal["minus", "skip"] = "minus"
    """A pair of equal losses counts as if the first were smaller, or is left out."""
    detach_after: float = Field(default=0.6, ge=0, le=1)
    """Share of the epochs after which the head's gradient no longer reaches the encoder
    (epoch 30 of 50; Yoo & Kweon: 120 of 200); 1: never."""


class LossConfig(Frozen):
    """L = L_seg + α·L_dif (DEAL, section 3.3) + the rating head's loss (CPRAL, section 3.1)."""

    alpha: NonNegativeFloat = 1.0
    """Weight of the difficulty loss."""
    dif: DifficultyLossConfig = Field(default_factory=DifficultyLossConfig)
    rating: RatingLossConfig = Field(default_factory=RatingLossConfig)

    def resolved(self, rating: Literal["margin", "ranknet"]) -> LossConfig:
        """The same settings, with `rating` as the ranking loss where it is `auto`."""
        if self.rating.kind != "auto":
            return self
        chosen = self.rating.model_copy(update={"kind": rating})
        return self.model_copy(update={"rating": chosen})


class OptimConfig(Frozen):
    """SGD; by default with the polynomial schedule (DEAL, section 4.1)."""

    lr: PositiveFloat = 0.01
    """Initial learning rate of the encoder."""
    head_lr_mult: PositiveFloat = 10.0
    """Factor on `lr` for all but the encoder and the rating head (released code: 10)."""
    rating_lr_mult: PositiveFloat = 1.0
    """Factor on `lr` for the rating head."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of SGD."""
    weight_decay: NonNegativeFloat = 5e-4
    """L2 penalty on all weights."""
    nesterov: bool = False
    """On in the released code, apparently by mistake."""
    schedule: Literal["poly", "step"] = "poly"
    """`poly`: lr·(1 - iteration / iterations)^`poly_power`. `step`: lr, multiplied by
    `step_factor` after the share `step_at` of the iterations (CPRAL: 0.1 at epoch 35 of 50)."""
    poly_power: PositiveFloat = 0.9
    """Exponent of `poly`."""
    step_at: float = Field(default=0.7, gt=0, le=1)
    """Share of the iterations before the drop of `step`."""
    step_factor: float = Field(default=0.1, gt=0, le=1)
    """Factor on `lr` after the drop of `step`."""


class TrainConfig(Frozen):
    """Training of the model in each round."""

    epochs: PositiveInt = Field(default=100, le=1_000_000)
    """Number of epochs (DEAL: 100, CPRAL: 50)."""
    length: Literal["labelled_epochs", "pool_epochs"] = "labelled_epochs"
    """An epoch is every labelled image once, or as many images as the pool has, repeating the
    labelled ones, so that all rounds train equally long (VAAL's released code). Compare methods
    only at equal length."""
    batch_size: PositiveInt = Field(default=4, le=65_536)
    """Images per step over all workers."""
    workers: PositiveInt = Field(default=1, le=10_000)
    """Data-parallel processes on Ray, one per GPU; each gets an equal part of every batch and
    computes batch norm over that part, so their number is part of the experiment."""
    checkpoint: Literal["best_val", "last"] = "best_val"
    """Weights to test and to query with (released DEAL code: best validation)."""
    validate_every: PositiveInt = 5
    """Epochs between validations; the last epoch is always validated."""
    precision: Precision = "auto"
    """`auto`: bfloat16 where the device has instructions for it, else float32."""
    cache_gib: Annotated[PositiveFloat, NOT_ESSENTIAL] = 4.0
    """Memory in GiB per worker for decoded images, for the labelled images and the validation
    split separately; further images are decoded each time they are used."""
    loader_workers: Annotated[Literal["auto"] | LoaderWorkers, NOT_ESSENTIAL] = "auto"
    """Processes that prepare batches. `auto`: none on CPUs, up to 8 per GPU."""

    def images_per_epoch(self, labelled: int, pool: int) -> int:
        """Number of images in an epoch, given the sizes of the labelled set and the pool."""
        return labelled if self.length == "labelled_epochs" else max(labelled, pool)

    @model_validator(mode="after")
    def _batch_is_shared_equally(self) -> TrainConfig:
        if self.batch_size % self.workers or self.batch_size < 2 * self.workers:
            raise ValueError(
                f"train.batch_size ({self.batch_size}) must be a multiple of train.workers "
                f"({self.workers}) and at least twice as large: batch norm needs 2 images"
            )
        return self
