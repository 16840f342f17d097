"""Properties of every strategy in the registry; a new one is tested without being named."""

from __future__ import annotations

import inspect
import itertools
import pickle
from typing import Literal, get_args, get_origin

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.map_strategy import MapStrategy
from raysal.acquisition.registry import STRATEGIES, AnyStrategy, StrategyChoice
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.acquisition.stochastic import Stochastic
from raysal.errors import StrategyError
from raysal.inference.predict import Prediction

B, C, H, W = 6, 5, 8, 12


def variants(kind: type[Strategy]) -> list[Strategy]:
    """One strategy for each combination of the settings that are choices between words."""
    choices = {
        name: get_args(field.annotation)
        for name, field in kind.model_fields.items()
        if get_origin(field.annotation) is Literal
    }
    return [
        kind(**dict(zip(choices, values, strict=True)))
        for values in itertools.product(*choices.values())
    ]


def with_additions(kind: type[Strategy]) -> list[Strategy]:
    """The strategy with noise on the score and, for maps, with the class-balanced mean."""
    if kind().needs.features is not None:
        return []
    softmax, power = Stochastic(kind="softmax", beta=2), Stochastic()
    added = [kind(stochastic=softmax)] + ([] if kind().signed else [kind(stochastic=power)])
    if issubclass(kind, MapStrategy):
        added += [kind(balance=1), kind(balance=0.5), kind(balance=1, stochastic=softmax)]
    return added


ALL = [s for kind in STRATEGIES for s in (*variants(kind), *with_additions(kind))]
# Deterministic strategies that read class probabilities of a plain forward pass.
READING = [s for s in ALL if s.needs.probabilities and not s.draws_lots]
every = pytest.mark.parametrize("strategy", ALL, ids=repr)
reading = pytest.mark.parametrize("strategy", READING, ids=repr)


def prediction(probs_BCHW: Tensor, difficulty_BHW: Tensor) -> Prediction:
    """A prediction whose ratings are computed from the probabilities."""
    rating_B = probs_BCHW.square().mean((1, 2, 3))
    return Prediction(probs_BCHW, difficulty_BHW, rating_B, torch.tensor(0.07))


def scene(probs_BCHW: Tensor, difficulty_BHW: Tensor) -> PoolBatch:
    ids = tuple(f"image-{index}" for index in range(len(probs_BCHW)))
    return batch_of(ids, probs_BCHW, difficulty_BHW)


def batch_of(ids: tuple[str, ...], probs_BCHW: Tensor, difficulty_BHW: Tensor) -> PoolBatch:
    """A batch whose votes and adversary logits are computed from the probabilities, too."""
    votes_BHW = probs_BCHW.square().sum(1)
    logits_B = 10 * votes_BHW.mean((1, 2)) - 4
    predicted = prediction(probs_BCHW, difficulty_BHW)
    return PoolBatch(ids, 3, 1, predicted, votes_BHW, logits_B, (100,) * probs_BCHW.shape[1])


@pytest.fixture
def probs() -> Tensor:
    torch.manual_seed(0)
    return (2 * torch.randn(B, C, H, W)).softmax(1)


@pytest.fixture
def difficulty() -> Tensor:
    torch.manual_seed(1)
    return torch.rand(B, H, W) * torch.rand(B, 1, 1)


def test_names_and_labels_are_unique() -> None:
    names = [kind.model_fields["name"].default for kind in STRATEGIES]
    assert len(set(names)) == len(names)
    assert len({strategy.label for strategy in ALL}) == len(ALL)


def test_the_union_holds_the_same_strategies() -> None:
    assert get_args(get_args(AnyStrategy)[0]) == STRATEGIES
    for kind in STRATEGIES:
        name = kind.model_fields["name"].default
        choice = StrategyChoice.model_validate({"acquisition": {"name": name}})
        assert type(choice.acquisition) is kind


@every
def test_frozen_documented_and_picklable(strategy: Strategy) -> None:
    assert inspect.getdoc(type(strategy))
    assert type(strategy).__doc__
    assert type(strategy).score.__doc__
    with pytest.raises(ValidationError, match="frozen"):
        strategy.name = "other"
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(strategy)(no_such_setting=1)
    assert pickle.loads(pickle.dumps(strategy)) == strategy


@every
def test_one_finite_score_per_image(strategy: Strategy, probs: Tensor, difficulty: Tensor) -> None:
    scores = strategy(scene(probs, difficulty))
    assert scores.shape == (B,)
    assert scores.isfinite().all()
    # Strategies that choose images jointly give no scores: see engine/test_core_set.py.
    assert (len(set(scores.tolist())) > 1) == (strategy.needs.features is None)


@pytest.mark.parametrize("kind", [kind for kind in STRATEGIES if kind().needs.features])
def test_strategies_that_choose_jointly_need_features(kind: type[Strategy]) -> None:
    for strategy in variants(kind):
        assert strategy.needs.features is not None
        assert strategy.needs.names == {"features"}
    with pytest.raises(ValidationError, match="stochastic adds noise to scores, but"):
        kind(stochastic=Stochastic())


@every
def test_a_pure_function_of_its_argument(
    strategy: Strategy, probs: Tensor, difficulty: Tensor
) -> None:
    kept = probs.clone(), difficulty.clone()
    torch.manual_seed(0)
    first = strategy(scene(probs, difficulty))
    torch.manual_seed(1)
    assert torch.equal(first, strategy(scene(probs, difficulty)))
    assert torch.equal(probs, kept[0])
    assert torch.equal(difficulty, kept[1])


@reading
def test_certainty_scores_below_uniform(strategy: Strategy, difficulty: Tensor) -> None:
    winner = torch.arange(H * W).remainder(C).view(1, H, W).expand(B, H, W)
    one_hot = torch.nn.functional.one_hot(winner, C).permute(0, 3, 1, 2).float()
    uniform = torch.full((B, C, H, W), 1 / C)
    certain, unsure = (strategy(scene(p, difficulty)) for p in (one_hot, uniform))
    assert (certain <= unsure).all()
    if not strategy.needs.difficulty:
        assert not certain.any()
        assert (unsure > 0).all()


@reading
def test_scores_lie_between_certain_and_uniform(
    strategy: Strategy, probs: Tensor, difficulty: Tensor
) -> None:
    uniform = torch.full_like(probs, 1 / C)
    highest = strategy(scene(uniform, difficulty))
    score = strategy(scene(probs, difficulty))
    assert (score >= 0).all()
    assert (score <= highest + 1e-6).all()


@every
def test_order_of_classes_is_irrelevant(
    strategy: Strategy, probs: Tensor, difficulty: Tensor
) -> None:
    permuted = probs[:, torch.randperm(C)]
    a, b = strategy(scene(probs, difficulty)), strategy(scene(permuted, difficulty))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@every
def test_batch_composition_is_irrelevant(
    strategy: Strategy, probs: Tensor, difficulty: Tensor
) -> None:
    together = strategy(scene(probs, difficulty))
    order = [4, 0, 5, 2]
    ids = tuple(f"image-{index}" for index in order)
    some = strategy(batch_of(ids, probs[order], difficulty[order]))
    alone = [strategy(batch_of((f"image-{i}",), probs[[i]], difficulty[[i]])) for i in order]
    torch.testing.assert_close(some, together[order], rtol=0, atol=1e-7)
    torch.testing.assert_close(torch.cat(alone), together[order], rtol=0, atol=1e-7)


@reading
def test_mirrored_images_score_alike(strategy: Strategy, probs: Tensor, difficulty: Tensor) -> None:
    a = strategy(scene(probs, difficulty))
    b = strategy(scene(probs.flip(3), difficulty.flip(2)))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "strategy", [s for s in ALL if not s.needs.names and not s.stochastic], ids=repr
)
def test_random_numbers_depend_on_seed_round_and_id(strategy: Strategy) -> None:
    ids = tuple(f"image-{index}" for index in range(50))
    draws = [strategy(PoolBatch(ids, *key, None)) for key in ((0, 0), (0, 1), (1, 0))]
    assert torch.equal(draws[0], strategy(PoolBatch(ids, 0, 0, None)))
    for a, b in itertools.combinations(draws, 2):
        assert (a != b).all()
    assert 0.35 < draws[0].mean() < 0.65
    assert torch.equal(strategy(PoolBatch(ids[::-1], 0, 0, None)), draws[0].flip(0))


@pytest.mark.parametrize("strategy", [s for s in ALL if s.needs.difficulty], ids=repr)
def test_a_missing_difficulty_is_named(strategy: Strategy, probs: Tensor) -> None:
    ids = tuple(str(index) for index in range(B))
    with pytest.raises(StrategyError, match=f"{strategy.name}' reads difficulty, which"):
        strategy(PoolBatch(ids, 0, 0, Prediction(probs, None)))


@pytest.mark.parametrize("strategy", [s for s in ALL if s.needs.adversary], ids=repr)
def test_an_adversary_may_be_sure(strategy: Strategy, probs: Tensor, difficulty: Tensor) -> None:
    """Images are told apart however surely it takes them for labelled or unlabelled."""
    logits = torch.tensor([30.0, -90.0, 29.9, -90.1, 0.0, 16.0])
    ids = tuple("abcdef")
    batch = PoolBatch(ids, 0, 0, prediction(probs, difficulty), None, logits)
    if strategy.stochastic is None:
        picks = [Pick(i, s) for i, s in zip(ids, strategy(batch).tolist(), strict=True)]
        assert [pick.image_id for pick in top_k(picks, 6)] == ["d", "b", "e", "f", "c", "a"]


@pytest.mark.parametrize("strategy", [s for s in ALL if s.needs.adversary], ids=repr)
def test_a_missing_adversary_is_named(strategy: Strategy, probs: Tensor) -> None:
    rated = Prediction(probs, None, torch.zeros(B))
    with pytest.raises(StrategyError, match=f"{strategy.name}' reads adversary, which"):
        strategy(PoolBatch(tuple("abcdef"), 0, 0, rated))
