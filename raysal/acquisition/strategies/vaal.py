"""Strategies that query the images that an adversary recognises as unlabelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs, Rating
from raysal.training.adversary.config import AdversaryConfig, RankedAdversaryConfig

if TYPE_CHECKING:
    from torch import Tensor


class VAAL(Strategy):
    """The images that a discriminator on a VAE's latents most confidently takes for unlabelled
    (Sinha et al., ICCV 2019).

    The task model's predictions are not used.
    """

    source: ClassVar[str] = "Sinha et al. 2019"
    name: Literal["vaal"] = "vaal"
    adversary: AdversaryConfig = Field(default_factory=AdversaryConfig)

    @property
    def needs(self) -> Needs:
        """The adversary: a VAE and a discriminator."""
        return Needs(adversary=self.adversary)

    @property
    def signed(self) -> bool:
        """The odds may be below 1."""
        return True

    @property
    def title(self) -> str:
        """Variational adversarial active learning."""
        return "VAAL"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) log((1 - D(μ)) / D(μ)), the log odds of being unlabelled: lowest D first.

        D itself, and -log D, are equal to the last bit for images about which a discriminator is
        sure.
        """
        return -batch.labelled_logits()


class TAVAAL(VAAL):
    """VAAL whose discriminator also reads an image's predicted loss (Kim et al., CVPR 2021)."""

    source: ClassVar[str] = "Kim et al. 2021"
    name: Literal["tavaal"] = "tavaal"  # type: ignore[assignment]
    adversary: RankedAdversaryConfig = Field(default_factory=RankedAdversaryConfig)

    @property
    def needs(self) -> Needs:
        """The adversary, and the predicted losses that its discriminator reads."""
        return Needs(adversary=self.adversary, rating=Rating("four", "ranknet"))

    @property
    def title(self) -> str:
        """`TA-VAAL`, with `adversary.d_rank` if it is not the default."""
        return "TA-VAAL" if self.adversary.d_rank == "raw" else "TA-VAAL (sigmoid)"
