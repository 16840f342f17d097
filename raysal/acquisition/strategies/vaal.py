"""Strategies that ask for what an adversary takes to be unlabelled."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy
from raysal.training.adversary.config import AdversaryConfig, RankedAdversaryConfig


class VAAL(Strategy):
    """What a discriminator of a VAE's latents is surest is not labelled (Sinha et al., ICCV 2019).

    The task model has no say in it.
    """

    reads: ClassVar[frozenset[Need]] = frozenset({"adversary"})
    source: ClassVar[str] = "Sinha et al. 2019"
    name: Literal["vaal"] = "vaal"
    adversary: AdversaryConfig = Field(default_factory=AdversaryConfig)

    @property
    def title(self) -> str:
        """An acronym."""
        return "VAAL"

    @property
    def trained_beside(self) -> AdversaryConfig:
        """VAE and discriminator."""
        return self.adversary

    @property
    def cost(self) -> str:
        """The VAE's encoder looks at a small copy of the image."""
        return "1 of the VAE's encoder"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) -log D(μ) in nats: lowest D first. 1 - D would be the same order, but where a good
        discriminator is sure, it differs by less than scores are rounded to."""
        assert batch.labelled_logits_B is not None
        return F.softplus(-batch.labelled_logits_B)


class TAVAAL(VAAL):
    """VAAL whose adversary is told how images rank by predicted loss (Kim et al., CVPR 2021)."""

    reads: ClassVar[frozenset[Need]] = frozenset({"adversary", "rating"})
    rating_stages: ClassVar[Literal["none", "four", "six"]] = "four"
    rating_loss: ClassVar[Literal["margin", "ranknet"]] = "ranknet"
    source: ClassVar[str] = "Kim et al. 2021"
    name: Literal["tavaal"] = "tavaal"  # type: ignore[assignment]
    adversary: RankedAdversaryConfig = Field(default_factory=RankedAdversaryConfig)

    @property
    def title(self) -> str:
        """With what the discriminator is told where it is not the usual."""
        return "TA-VAAL" if self.adversary.d_rank == "raw" else "TA-VAAL (sigmoid)"

    @property
    def cost(self) -> str:
        """The task model's rating, and a look at a small copy of the image."""
        return "1 + 1 of the VAE's encoder"
