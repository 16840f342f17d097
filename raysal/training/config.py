"""Settings of losses, optimiser and training."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from raysal.config.settings import Frozen
from raysal.inference.precision import Precision


class DifficultyLossConfig(Frozen):
    """L_dif (DEAL, Eq. 4) and the forms it takes in the released code."""

    loss: Literal["eq4", "code_wce", "bce"] = "eq4"
    """Eq. 4; the released code's weighted form; or plain binary cross-entropy."""
    scope: Literal["image", "batch"] = "image"
    """Whether right and wrong pixels are counted per image or over the batch."""
    ignore: Literal["exclude", "right"] = "exclude"
    """Whether ignored pixels are left out or count as right (released code)."""


class RatingLossConfig(Frozen):
    """Pairwise ranking loss of the rating head (CPRAL, section 3.1; Yoo & Kweon, Eq. 2)."""

    kind: Literal["auto", "margin", "ranknet"] = "auto"
    """`margin` is theirs; `ranknet` the likelihood of the order (TA-VAAL). `auto`: what the
    strategy wants, `margin` but for TA-VAAL."""
    weight: NonNegativeFloat = 1.0
    margin: PositiveFloat = 1.0
    """ξ, of `margin`: by how much the rating of the image with the larger loss must be larger."""
    tie: Literal["minus", "skip"] = "minus"
    """Whether a pair of equal losses counts as if the first were smaller, or is left out."""
    detach_after: float = Field(default=0.6, ge=0, le=1)
    """Share of the epochs after which the head's gradient no longer reaches the encoder
    (epoch 30 of 50; Yoo & Kweon: 120 of 200); 1 is never."""


class LossConfig(Frozen):
    """L = L_seg + α·L_dif (DEAL, section 3.3) + the rating head's loss (CPRAL, section 3.1)."""

    alpha: NonNegativeFloat = 1.0
    """Weight of the difficulty loss."""
    dif: DifficultyLossConfig = Field(default_factory=DifficultyLossConfig)
    rating: RatingLossConfig = Field(default_factory=RatingLossConfig)

    def resolved(self, rating: Literal["margin", "ranknet"]) -> LossConfig:
        """The same settings with nothing left `auto`, for a strategy with that ranking loss."""
        if self.rating.kind != "auto":
            return self
        chosen = self.rating.model_copy(update={"kind": rating})
        return self.model_copy(update={"rating": chosen})


class OptimConfig(Frozen):
    """SGD; by default with the polynomial schedule (DEAL, section 4.1)."""

    lr: PositiveFloat = 0.01
    """Initial learning rate of the encoder."""
    head_lr_mult: PositiveFloat = 10.0
    """Factor on `lr` for everything but the encoder (released code: 10)."""
    rating_lr_mult: PositiveFloat = 1.0
    """Factor on `lr` for the rating head."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: NonNegativeFloat = 5e-4
    nesterov: bool = False
    """On in the released code, by accident."""
    schedule: Literal["poly", "step"] = "poly"
    """`poly`: lr·(1 - iteration / iterations)^`poly_power`. `step`: lr, and `step_factor` times
    it from the share `step_at` of the iterations on (CPRAL: a tenth at epoch 35 of 50)."""
    poly_power: PositiveFloat = 0.9
    step_at: float = Field(default=0.7, gt=0, le=1)
    step_factor: float = Field(default=0.1, gt=0, le=1)


class TrainConfig(Frozen):
    """One round's training."""

    epochs: PositiveInt = 100
    length: Literal["labelled_epochs", "pool_epochs"] = "labelled_epochs"
    """What an epoch is: every labelled image once; or as many images as the pool has, the labelled
    ones again and again, so that every round trains as long as if all were labelled (VAAL's
    released code). Compare methods at equal length only."""
    batch_size: PositiveInt = 4
    """Images per step over all workers."""
    workers: PositiveInt = 1
    """Data-parallel processes on Ray, one per GPU; each gets an equal part of every batch and
    normalises over it alone, so that their number is part of the experiment."""
    checkpoint: Literal["best_val", "last"] = "best_val"
    """Which weights are tested and used for the query (released DEAL code: best validation)."""
    validate_every: PositiveInt = 5
    """Epochs between validations; the last epoch is always validated."""
    precision: Precision = "auto"
    """`auto`: bfloat16 where the device computes in it, else float32."""
    cache_gib: PositiveFloat = 4.0
    """Bound in GiB per worker on decoded images kept in memory, for the labelled images and for
    the validation split each; beyond it they are decoded each time."""
    loader_workers: Literal["auto"] | NonNegativeInt = "auto"
    """Processes that prepare batches. `auto`: none on CPU, up to 8 beside a GPU."""

    def shown(self, labelled: int, pool: int) -> int:
        """Images of an epoch, of so many labelled ones and in the whole pool."""
        return labelled if self.length == "labelled_epochs" else max(labelled, pool)

    @model_validator(mode="after")
    def _batch_is_shared_equally(self) -> TrainConfig:
        if self.batch_size % self.workers or self.batch_size < 2 * self.workers:
            raise ValueError(
                f"train.batch_size ({self.batch_size}) must be a multiple of train.workers "
                f"({self.workers}) and at least twice as large: batch norm needs 2 images"
            )
        return self
