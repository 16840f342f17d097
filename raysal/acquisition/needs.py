"""What a strategy needs: outputs of the model, of its dropout passes, or of an adversary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from raysal.inference.vote import Dropped, Vote
from raysal.training.adversary.config import AdversaryConfig

Need = Literal[
    "probabilities", "difficulty", "rating", "votes", "features", "adversary", "class_pixels"
]
Metric = Literal["l2", "cosine"]


@dataclass(frozen=True)
class Rating:
    """A rating head, which predicts an image's loss.

    Attributes:
        stages: the encoder stages it reads: CPRAL's six or Yoo & Kweon's four.
        loss: the ranking loss it is trained with.
    """

    stages: Literal["four", "six"]
    loss: Literal["margin", "ranknet"] = "margin"


@dataclass(frozen=True)
class DropoutPasses:
    """Forward passes with dropout, whose disagreement is measured pixel by pixel.

    Attributes:
        count: m, passes per image.
        vote: the measure; see `raysal.inference.votes.vote_map`.
        dropped: what the passes drop.
    """

    count: int
    vote: Vote
    dropped: Dropped = "channels"


@dataclass(frozen=True)
class Features:
    """One vector per image. Strategies that need it choose images jointly, by the distances between
    them, instead of scoring each image on its own.

    Attributes:
        stage: stage of the network whose output is averaged over the image; see `PooledFeatures`.
        metric: the distance between two images.
    """

    stage: str
    metric: Metric


@dataclass(frozen=True)
class Needs:
    """Everything that a strategy reads; the rest is not computed.

    Attributes:
        probabilities: class probabilities of one pass.
        difficulty: the difficulty map of the same pass (DEAL).
        adversary: the VAE and discriminator that are trained after the model (VAAL).
        class_pixels: how many pixels of each class the model was trained on.
    """

    probabilities: bool = False
    difficulty: bool = False
    rating: Rating | None = None
    votes: DropoutPasses | None = None
    features: Features | None = None
    adversary: AdversaryConfig | None = None
    class_pixels: bool = False

    @property
    def names(self) -> frozenset[Need]:
        """Names of the needs; empty if no image has to be decoded."""
        named: dict[Need, object] = {
            "probabilities": self.probabilities,
            "difficulty": self.difficulty,
            "rating": self.rating,
            "votes": self.votes,
            "features": self.features,
            "adversary": self.adversary,
            "class_pixels": self.class_pixels,
        }
        return frozenset(name for name, need in named.items() if need)

    @property
    def stage(self) -> str | None:
        """Stage whose features are stored with each score; None if none are."""
        return None if self.features is None else self.features.stage

    @property
    def one_pass(self) -> bool:
        """Whether a plain forward pass of the model is needed, or, for features, a part of one."""
        return bool(self.names - {"votes", "adversary"})

    @property
    def prediction(self) -> bool:
        """Whether a plain forward pass is needed to its end."""
        return bool(self.names - {"votes", "adversary", "features"})

    @property
    def cost(self) -> str:
        """Forward passes per image, as text: `1`, `20 after the encoder`."""
        passes = ["1"] if self.one_pass else []
        if self.votes is not None:
            start = "encoder" if self.votes.dropped == "channels" else "first dropout"
            passes.append(f"{self.votes.count} after the {start}")
        if self.adversary is not None:
            passes.append("1 of the VAE's encoder")
        return " + ".join(passes) or "0"
