"""What a strategy is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import model_validator
from torch import Tensor

from raysal.acquisition.selection.k_center import Metric
from raysal.acquisition.stochastic import Stochastic
from raysal.config.settings import Frozen
from raysal.inference.predict import Prediction
from raysal.inference.votes import Vote
from raysal.training.adversary.config import AdversaryConfig

Need = Literal["probabilities", "difficulty", "rating", "votes", "features", "adversary"]


@dataclass(frozen=True)
class PoolBatch:
    """A batch of pool images as a strategy sees it.

    Attributes:
        image_ids: B ids.
        seed, round_index: for strategies that draw lots.
        prediction: what the model says in one pass; None if the strategy needs nothing of it.
        votes_BHW: how much stochastic passes disagree, as `Strategy.passes` asks; else None.
        labelled_logits_B: logits of the probability that an image is labelled, as an adversary
            finds; else None.
    """

    image_ids: tuple[str, ...]
    seed: int
    round_index: int
    prediction: Prediction | None
    votes_BHW: Tensor | None = None
    labelled_logits_B: Tensor | None = None


@dataclass(frozen=True)
class StochasticPasses:
    """The passes that a strategy wants.

    Attributes:
        count: m.
        vote: what to make of them; see `raysal.inference.votes.vote_map`.
    """

    count: int
    vote: Vote


class Strategy(Frozen, ABC):
    """An acquisition function: its validated settings are the callable.

    To add one, write a subclass in a file of its own and name it in
    `raysal.acquisition.registry`: the loop, the engines and the tests know it from there.
    """

    reads: ClassVar[frozenset[Need]]
    """What it reads of the model; empty spares the forward pass altogether."""
    source: ClassVar[str]
    """Who proposed it."""
    rating_stages: ClassVar[Literal["none", "four", "six"]] = "none"
    """Encoder stages of the rating head, for those that need `rating`."""
    rating_loss: ClassVar[Literal["margin", "ranknet"]] = "margin"
    """What its ranking loss is."""

    together: ClassVar[bool] = False
    """Whether images are chosen together by their `features`, instead of each by its score."""

    name: str
    stochastic: Stochastic | None = None
    """Noise on the score, so that the best are not all alike; null is none."""

    @model_validator(mode="after")
    def _logarithms_are_of_positive_scores(self) -> Strategy:
        if self.signed and self.stochastic is not None and self.stochastic.kind == "power":
            raise ValueError(
                f"stochastic.kind=power takes the logarithm of a score, and {self.name}'s may be "
                "negative; set stochastic.kind=softmax"
            )
        return self

    @model_validator(mode="after")
    def _noise_is_on_a_score(self) -> Strategy:
        if self.together and self.stochastic is not None:
            raise ValueError(
                f"stochastic is noise on an image's score, and {self.name} chooses images together "
                "by their features; leave it out"
            )
        return self

    @property
    def needs(self) -> frozenset[Need]:
        """`reads`, and what its settings add to it."""
        return self.reads

    @property
    def signed(self) -> bool:
        """Whether scores may be negative."""
        return False

    @property
    def draws_lots(self) -> bool:
        """Whether its scores depend on the seed."""
        return self.stochastic is not None or "votes" in self.needs

    @property
    def passes(self) -> StochasticPasses | None:
        """The passes whose disagreement it reads; None for those that do not need `votes`."""
        return None

    @property
    def cost(self) -> str:
        """Forward passes per image."""
        passes = ["1"] if self.needs - {"votes"} else []
        if self.passes is not None:
            passes.append(f"{self.passes.count} after the encoder")
        return " + ".join(passes) or "0"

    @property
    def trained_beside(self) -> AdversaryConfig | None:
        """What is trained beside the task model; None for those that do not need `adversary`."""
        return None

    @property
    def features(self) -> str | None:
        """Stage of the network whose average goes with each score; see `PooledFeatures`."""
        return None

    @property
    def distance(self) -> Metric | None:
        """How far apart two images are by their `features`, where they are chosen `together`."""
        return None

    @property
    def title(self) -> str:
        """What it is called without what is added to it."""
        return self.name.capitalize()

    @property
    def label(self) -> str:
        """Name for figures and tables."""
        return self.title if self.stochastic is None else f"{self.stochastic.prefix} {self.title}"

    @abstractmethod
    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) scores, the higher the sooner labelled; a pure function of its argument."""

    def __call__(self, batch: PoolBatch) -> Tensor:
        """`score` with its input and output checked for shape."""
        images = len(batch.image_ids)
        if self.needs - {"votes", "features", "adversary"}:
            assert batch.prediction is not None, f"{self.name} needs a prediction"
            assert batch.prediction.probabilities_BCHW.shape[0] == images
        if "difficulty" in self.needs:
            assert batch.prediction is not None
            assert batch.prediction.difficulty_BHW is not None, f"{self.name} needs difficulty"
        if "rating" in self.needs:
            assert batch.prediction is not None
            assert batch.prediction.rating_B is not None, f"{self.name} needs a rating"
        if "votes" in self.needs:
            assert batch.votes_BHW is not None, f"{self.name} needs votes"
        if "adversary" in self.needs:
            assert batch.labelled_logits_B is not None, f"{self.name} needs an adversary"
        scores_B = self.score(batch)
        assert scores_B.shape == (images,), (self.name, scores_B.shape, images)
        if self.stochastic is not None:
            return self.stochastic(scores_B, batch.image_ids, batch.seed, batch.round_index)
        return scores_B
