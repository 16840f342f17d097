"""Maps of votes: compared with counting and single passes, and their invariances."""

from __future__ import annotations

import copy
import math
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from raysal.inference import votes
from raysal.inference.masks import dropout_masks
from raysal.inference.predict import normalise, predict
from raysal.inference.votes import (
    share_entropy,
    variation_ratio,
    vote_entropy,
    vote_map,
)
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.layers import resize

CLASSES, PASSES, SIZE = 6, 5, (33, 47)
ballots = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4)),
    elements=st.integers(0, CLASSES - 1),
)


@pytest.fixture(scope="module")
def model() -> DeepLabV3Plus:
    """An untrained model, whose passes disagree everywhere."""
    config = ModelConfig(weights="none", channel_dropout=0.5)
    return build_model(config, CLASSES, seed=0).eval()


@pytest.fixture(scope="module")
def image() -> Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=random)


# --- Entropy --------------------------------------------------------------------------------


@given(ballots)
def test_it_is_the_entropy_of_the_shares(votes_MHW: np.ndarray) -> None:
    got = vote_entropy(torch.from_numpy(votes_MHW), CLASSES)
    assert got.dtype == torch.float32
    for row, col in np.ndindex(got.shape):
        counts = np.bincount(votes_MHW[:, row, col])
        shares = counts[counts > 0] / len(votes_MHW)
        assert float(got[row, col]) == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-6)
    unanimous = (votes_MHW == votes_MHW[0]).all(0)
    assert np.array_equal(got == 0, unanimous)
    assert got.max() <= math.log(min(CLASSES, len(votes_MHW))) + 1e-6


@given(ballots, st.permutations(range(CLASSES)), st.randoms())
def test_class_ids_and_order_of_passes_do_not_matter(
    votes_MHW: np.ndarray, names: list[int], rng: Random
) -> None:
    expected = vote_entropy(torch.from_numpy(votes_MHW), CLASSES)
    renamed = np.array(names, np.uint8)[votes_MHW]
    order = list(range(len(votes_MHW)))
    rng.shuffle(order)
    for other in (renamed, votes_MHW[order]):
        got = vote_entropy(torch.from_numpy(other), CLASSES)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-6)


def test_entropy_of_shares() -> None:
    torch.manual_seed(0)
    shares = torch.randn(4, 3, 5).softmax(0)
    torch.testing.assert_close(share_entropy(shares), torch.special.entr(shares).sum(0))
    certain = torch.nn.functional.one_hot(torch.tensor([[0, 3]]), 4).permute(2, 0, 1).float()
    assert not share_entropy(certain).any()
    uniform = torch.full((4, 1, 1), 0.25)
    assert float(share_entropy(uniform)) == pytest.approx(math.log(4))


# --- Masks ----------------------------------------------------------------------------------


def test_the_masks_of_a_pass_do_not_depend_on_their_number() -> None:
    twenty = dropout_masks(7, 20, 344, 0.25)
    assert (twenty.shape, twenty.dtype) == ((20, 344), torch.float32)
    for passes in (1, 3, 19):
        assert torch.equal(dropout_masks(7, passes, 344, 0.25), twenty[:passes])


def test_masks_drop_their_share_and_keep_the_mean() -> None:
    masks = dropout_masks(0, 200, 344, 0.25)
    kept = masks > 0
    torch.testing.assert_close(masks[kept], torch.full_like(masks[kept], 1 / 0.75))
    assert float(kept.float().mean()) == pytest.approx(0.75, abs=0.01)
    assert len({tuple(row) for row in kept.tolist()}) == 200
    assert not torch.equal(masks, dropout_masks(1, 200, 344, 0.25))


# --- Maps -----------------------------------------------------------------------------------


@torch.inference_mode()
def one_by_one(model: DeepLabV3Plus, image_3HW: Tensor, seed: int, passes: int) -> Tensor:
    """(M, C, H, W) logits, one pass after the other through the layers of the network."""
    stages = model.encoder(normalise(image_3HW.unsqueeze(0)))
    high, low = stages[model.encoder.high], stages[model.encoder.low]
    masks = dropout_masks(seed, passes, high.shape[1] + low.shape[1], model.config.channel_dropout)
    logits = []
    for mask_D in masks[:, :, None, None]:
        a, b = mask_D.split([high.shape[1], low.shape[1]])
        logits.append(model.classify(model.decoder(model.decoder_input(high * a, low * b))))
    return resize(torch.cat(logits), SIZE)


def test_hard_votes_are_those_of_single_passes(model: DeepLabV3Plus, image: Tensor) -> None:
    logits = one_by_one(model, image, 3, PASSES)
    expected = vote_entropy(logits.argmax(1).to(torch.uint8), CLASSES)
    got = vote_map(model, image, 3, PASSES, "hard", "fp32")
    assert (got.shape, got.dtype) == (SIZE, torch.float32)
    best = logits.topk(2, dim=1).values
    clear = ((best[:, 0] - best[:, 1]) > 1e-4 * logits.std()).all(0)
    assert clear.float().mean() > 0.9
    torch.testing.assert_close(got[clear], expected[clear], rtol=0, atol=1e-6)
    assert (got > 0).float().mean() > 0.1, "nothing is torn, nothing is tested"


def test_a_soft_vote_is_the_entropy_of_the_mean(model: DeepLabV3Plus, image: Tensor) -> None:
    mean = one_by_one(model, image, 3, PASSES).softmax(1).mean(0)
    expected = torch.special.entr(mean).sum(0)
    got = vote_map(model, image, 3, PASSES, "soft", "fp32")
    assert (got.shape, got.dtype) == (SIZE, torch.float32)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


def test_identical_passes_do_not_disagree(model: DeepLabV3Plus, image: Tensor) -> None:
    nothing_drops = build_model(
        ModelConfig(weights="none", channel_dropout=1e-9), CLASSES, seed=0
    ).eval()
    assert not vote_map(nothing_drops, image, 3, PASSES, "hard", "fp32").any()
    alone = predict(nothing_drops, image.unsqueeze(0), "fp32").probabilities_BCHW[0]
    soft = vote_map(nothing_drops, image, 3, PASSES, "soft", "fp32")
    torch.testing.assert_close(soft, torch.special.entr(alone).sum(0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("vote", ["hard", "soft"])
def test_the_number_of_passes_at_once_does_not_matter(
    model: DeepLabV3Plus, image: Tensor, monkeypatch: pytest.MonkeyPatch, vote: str
) -> None:
    together = vote_map(model, image, 3, PASSES, vote, "fp32")
    # An image so large that its passes are divided takes seconds.
    monkeypatch.setattr(votes, "FEWEST_AT_ONCE", 2)
    monkeypatch.setattr(votes, "PIXELS_AT_ONCE", 1)
    by_two = vote_map(model, image, 3, PASSES, vote, "fp32")
    same = (together - by_two).abs() < 1e-5
    assert same.float().mean() > 0.99


def test_a_map_is_a_function_of_image_and_seed(model: DeepLabV3Plus, image: Tensor) -> None:
    torch.manual_seed(0)
    first = vote_map(model, image, 3, PASSES)
    torch.manual_seed(1)
    assert torch.equal(first, vote_map(model, image, 3, PASSES))
    assert not torch.equal(first, vote_map(model, image, 4, PASSES))


# --- Other measures -------------------------------------------------------------------------


@given(ballots)
def test_variation_is_the_share_outside_the_majority(votes_MHW: np.ndarray) -> None:
    got = variation_ratio(torch.from_numpy(votes_MHW), CLASSES)
    for row, col in np.ndindex(got.shape):
        most = np.bincount(votes_MHW[:, row, col]).max()
        assert float(got[row, col]) == pytest.approx(1 - most / len(votes_MHW), abs=1e-6)


def test_bald_is_mutual_information(model: DeepLabV3Plus, image: Tensor) -> None:
    """H of the mean minus the mean of H, from single passes; at most H of the mean."""
    sure = copy.deepcopy(model)
    sure.classify.weight.data *= (
        30  # An untrained model is so uncertain that its passes hardly differ.
    )
    each = one_by_one(sure, image, 3, PASSES).softmax(1)
    expected = share_entropy(each.mean(0)) - share_entropy(each, dim=1).mean(0)
    got = vote_map(sure, image, 3, PASSES, "bald", "fp32")
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)
    assert got.max() > 0.01
    assert (got >= 0).all()
    assert (got <= vote_map(sure, image, 3, PASSES, "soft", "fp32") + 1e-6).all()
