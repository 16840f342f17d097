"""Options of many strategies: noise on the score, and the class-balanced mean."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from torch import Tensor

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.maps import class_weights
from raysal.acquisition.stochastic import Stochastic
from raysal.acquisition.strategies.committee import BALD
from raysal.acquisition.strategies.random import Random
from raysal.acquisition.strategies.uncertainty import Confidence, Entropy
from raysal.inference.predict import Prediction

IDS = tuple(f"image-{index}" for index in range(4))
DRAWS = 4000


def first_chosen(noise: Stochastic, scores: list[float]) -> list[float]:
    """How often each image comes first, over many seeds."""
    scores_B = torch.tensor(scores)
    firsts = Counter(int(noise(scores_B, IDS, seed, 0).argmax()) for seed in range(DRAWS))
    return [firsts[index] / DRAWS for index in range(len(scores))]


@pytest.mark.parametrize("beta", [0.5, 1, 3])
def test_power_samples_by_the_score_to_the_power_of_beta(beta: float) -> None:
    scores = [0.1, 0.2, 0.3, 0.4]
    chances = [s**beta / sum(t**beta for t in scores) for s in scores]
    got = first_chosen(Stochastic(kind="power", beta=beta), scores)
    assert got == pytest.approx(chances, abs=0.035)  # Four standard deviations of a share.


def test_softmax_samples_by_the_exponential() -> None:
    scores = [-1.0, 0.0, 0.5, 2.0]
    chances = [math.exp(2 * s) / sum(math.exp(2 * t) for t in scores) for s in scores]
    got = first_chosen(Stochastic(kind="softmax", beta=2), scores)
    assert got == pytest.approx(chances, abs=0.035)


def test_a_score_of_zero_is_chosen_last_and_stays_finite() -> None:
    noisy = Stochastic()(torch.tensor([0.0, 1e-6]), IDS[:2], 0, 0)
    assert noisy.isfinite().all()
    for beta in (0.01, 1, 100):
        noise = Stochastic(beta=beta)
        assert first_chosen(noise, [0.0, 1e-30, 0.0, 0.0])[1] == 1.0


def test_noise_depends_on_seed_round_and_image() -> None:
    noise, scores = Stochastic(), torch.full((4,), 0.5)
    first = noise(scores, IDS, 0, 0)
    assert len(set(first.tolist())) == 4
    assert torch.equal(noise(scores.flip(0), IDS[::-1], 0, 0), first.flip(0))
    for other in (noise(scores, IDS, 1, 0), noise(scores, IDS, 0, 1)):
        assert (other != first).all()


def test_labels_name_the_options() -> None:
    assert Entropy(stochastic=Stochastic()).label == "Power Entropy"
    assert (
        Entropy(stochastic=Stochastic(kind="softmax", beta=4)).label == "Softmax (beta 4) Entropy"
    )
    assert Entropy(balance=1).label == "Entropy (balanced)"
    assert BALD(balance=0.5, stochastic=Stochastic()).label == "Power BALD (balanced 0.5)"


def scene(winner_HW: list[list[int]], classes: int = 3, sure: float = 0.8) -> Tensor:
    """(1, C, H, W) where the winner has probability `sure` and the others share the rest."""
    winner = torch.tensor(winner_HW).unsqueeze(0)
    one_hot = torch.nn.functional.one_hot(winner, classes).permute(0, 3, 1, 2).float()
    return one_hot * (sure - (1 - sure) / (classes - 1)) + (1 - sure) / (classes - 1)


def test_weights_are_shares_to_minus_the_power() -> None:
    probs = scene([[0, 0, 0, 1]])
    assert class_weights(probs, 1.0).tolist() == [pytest.approx([1 / 3] * 3 + [1.0])]
    assert class_weights(probs, 0.5).tolist() == [pytest.approx([(1 / 3) ** 0.5] * 3 + [1.0])]


def test_large_powers_do_not_overflow() -> None:
    weights = class_weights(scene([[0] * 99 + [1]]), 1000.0)
    assert weights.tolist() == [[0.0] * 99 + [1.0]]


def test_with_power_one_every_class_has_the_same_weight() -> None:
    """A small uncertain class outweighs a large certain one."""
    probs = torch.cat([scene([[0] * 9], sure=0.9), scene([[1]], sure=0.4)], dim=-1)
    batch = PoolBatch(("a",), 0, 0, Prediction(probs, None))
    plain, balanced = (float(Confidence(balance=b)(batch)) for b in (0, 1))
    assert plain == pytest.approx((9 * 0.1 + 0.6) / 10)
    assert balanced == pytest.approx((0.1 + 0.6) / 2)


def test_balance_of_a_single_class_changes_nothing() -> None:
    batch = PoolBatch(("a",), 0, 0, Prediction(scene([[2, 2], [2, 2]]), None))
    torch.testing.assert_close(Entropy(balance=1)(batch), Entropy()(batch))


def test_balance_needs_probabilities_beside_votes() -> None:
    assert BALD().needs.names == {"votes"}
    assert BALD(balance=1).needs.names == {"votes", "probabilities"}
    votes = torch.tensor([[[0.2, 0.2, 0.2, 1.0]]])
    batch = PoolBatch(("a",), 0, 0, Prediction(scene([[0, 0, 0, 1]]), None), votes)
    assert float(BALD()(batch)) == pytest.approx(0.4)
    assert float(BALD(balance=1)(batch)) == pytest.approx(0.6)


def test_random_with_noise_needs_nothing() -> None:
    assert Random(stochastic=Stochastic()).needs.names == frozenset()
