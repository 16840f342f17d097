"""Ranking losses, pair by pair, and a head that learns to rank."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from raysal.data.decode import IGNORE
from raysal.inference.predict import predict, to_tensor
from raysal.models.checkpoint import load_model
from raysal.models.config import ModelConfig
from raysal.models.network import Output
from raysal.models.rating import RatingHead
from raysal.training import fit as fit_module
from raysal.training.config import LossConfig, RatingLossConfig
from raysal.training.fit import fit, make_optimizer
from raysal.training.job import TrainJob
from raysal.training.losses import segmentation_loss
from raysal.training.rating_loss import image_losses, pairs, ranknet_terms, rating_loss
from raysal.training.report import REPORT
from raysal.training.samples import load_labelled
from raysal.training.steps import losses
from raysal.training.world import World

MARGIN = RatingLossConfig()
SKIP = RatingLossConfig(tie="skip")
RANKNET = RatingLossConfig(kind="ranknet")
SIX = ModelConfig(weights="none", rating_stages="six").resolved(frozenset())
batches = st.lists(
    st.tuples(st.floats(-3, 3, width=32), st.sampled_from([0.0, 0.5, 0.5, 1.0, 2.0, math.nan])),
    max_size=9,
)


def by_pairs(batch: list[tuple[float, float]], margin: float, tie: str) -> float:
    """The loss, written out pair by pair."""
    kept = [(r, t) for r, t in batch if not math.isnan(t)]
    terms = []
    while len(kept) >= 2:
        (r_i, t_i), (r_j, t_j) = kept.pop(0), kept.pop()
        if t_i == t_j and tie == "skip":
            continue
        sign = 1 if t_i > t_j else -1
        terms.append(max(0.0, margin - sign * (r_i - r_j)))
    return sum(terms) / len(terms) if terms else 0.0


@given(batches, st.sampled_from([0.2, 1.0]), st.sampled_from(["minus", "skip"]))
def test_it_is_the_mean_over_pairs(
    batch: list[tuple[float, float]], margin: float, tie: str
) -> None:
    """First with last, second with last but one; images without a loss are left out before."""
    rating_B, loss_B = torch.tensor(batch).reshape(-1, 2).unbind(1)
    got = rating_loss(rating_B, loss_B, RatingLossConfig(margin=margin, tie=tie))
    assert float(got) == pytest.approx(by_pairs(batch, margin, tie), abs=1e-5)


@pytest.mark.parametrize(
    ("loss", "config"),
    [
        ([1.0], MARGIN),
        ([], MARGIN),
        ([math.nan, math.nan], MARGIN),
        ([1.0, math.nan, math.nan], MARGIN),
        ([1.0, 1.0], SKIP),
        ([2.0, 5.0, 2.0], SKIP),
    ],
    ids=str,
)
def test_without_a_pair_there_is_no_gradient(loss: list[float], config: RatingLossConfig) -> None:
    rating_B = torch.arange(float(len(loss)), requires_grad=True)
    value = rating_loss(rating_B, torch.tensor(loss), config)
    value.backward()
    assert float(value.detach()) == 0
    assert not rating_B.grad.any()


def test_only_pairs_in_the_wrong_order_have_a_gradient() -> None:
    """Five images: the third has no partner; the second pair is in the right order by a margin."""
    rating_B = torch.tensor([0.0, 3.0, 9.0, 1.0, 0.5], requires_grad=True)
    loss_B = torch.tensor([2.0, 2.0, 5.0, 1.0, 1.0])
    value = rating_loss(rating_B, loss_B, MARGIN)
    value.backward()
    assert float(value.detach()) == pytest.approx((1 + 0.5) / 2)
    assert rating_B.grad.tolist() == [-0.5, 0, 0, 0, 0.5]


def test_of_equal_losses_the_first_counts_as_smaller() -> None:
    rating_B, loss_B = torch.tensor([0.3, 0.1]), torch.tensor([1.0, 1.0])
    assert float(rating_loss(rating_B, loss_B, MARGIN)) == pytest.approx(1.2)
    assert pairs(rating_B, loss_B)[1].tolist() == [-1]
    assert [len(x) for x in pairs(rating_B, loss_B, "skip")] == [0, 0]


def test_ranknet_on_the_same_pairs() -> None:
    """Five images, the last without a loss, the pairs (0, 3) and (1, 2) of the others.

    ln(1 + e^-2) = 0.126928: 3 over 1, as it should be. ln(1 + e^0.5) = 0.974077: 0.5 under 1
    though its loss is larger.
    """
    rating_B = torch.tensor([3.0, 0.5, 1.0, 1.0, 7.0], requires_grad=True)
    loss_B = torch.tensor([2.0, 5.0, 4.0, 1.0, math.nan])
    value = rating_loss(rating_B, loss_B, RANKNET)
    assert float(value.detach()) == pytest.approx((0.126928 + 0.974077) / 2, abs=1e-6)
    value.backward()
    # Half of -sigmoid(-2) = -0.119203, and of -sigmoid(0.5) = -0.622459.
    expected = [-0.059601, -0.311230, 0.311230, 0.059601, 0]
    assert rating_B.grad.tolist() == pytest.approx(expected, abs=1e-6)


def test_ranknet_of_equal_losses() -> None:
    rating_B, loss_B = torch.tensor([0.3, 0.1]), torch.tensor([1.0, 1.0])
    assert float(rating_loss(rating_B, loss_B, RANKNET)) == pytest.approx(math.log1p(math.exp(0.2)))
    skip = RANKNET.model_copy(update={"tie": "skip"})
    assert float(rating_loss(rating_B, loss_B, skip)) == 0


def test_the_strategy_determines_the_loss() -> None:
    margin, ranknet = (LossConfig().resolved(kind) for kind in ("margin", "ranknet"))
    assert (margin.rating.kind, ranknet.rating.kind) == ("margin", "ranknet")
    set_by_hand = LossConfig(rating=RatingLossConfig(kind="margin"))
    assert set_by_hand.resolved("ranknet") == set_by_hand
    assert MARGIN.kind == "auto"  # Without a strategy it is `margin`.


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=5))
def test_ranknet_is_the_likelihood_of_the_order(differences: list[float]) -> None:
    difference_P = torch.tensor(differences)
    for sign in (1.0, -1.0):
        expected = [math.log1p(math.exp(-sign * d)) for d in differences]
        got = ranknet_terms(difference_P, torch.full_like(difference_P, sign))
        assert got.tolist() == pytest.approx(expected, abs=1e-5)


# --- Targets of the head ------------------------------------------------------------


def scene() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 6, 7, requires_grad=True)
    target = torch.randint(0, 5, (3, 6, 7)).to(torch.uint8)
    target[1, :4] = IGNORE
    target[2] = IGNORE
    return logits, target


def test_an_images_loss_is_the_mean_over_its_known_pixels() -> None:
    logits, target = scene()
    got = image_losses(logits, target)
    assert not got.requires_grad
    for index in (0, 1):
        alone = segmentation_loss(logits[index : index + 1], target[index : index + 1])
        assert float(got[index]) == pytest.approx(float(alone.detach()), abs=1e-6)
    assert got[2].isnan()
    # Predictions of unknown pixels do not count.
    changed = logits.detach().clone()
    changed[1, :, :4] = 9
    torch.testing.assert_close(image_losses(changed, target), got, equal_nan=True)


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_the_rating_loss_is_one_more_term(weight: float) -> None:
    logits, target = scene()
    rating_B = torch.tensor([0.4, -0.2, 0.1], requires_grad=True)
    config = LossConfig(rating=RatingLossConfig(weight=weight))
    whole = losses(Output(logits, None, rating_B), target, config)
    plain = losses(Output(logits, None), target, config)
    term = rating_loss(rating_B, image_losses(logits, target), config.rating)
    torch.testing.assert_close(whole, plain + weight * term)
    # The ratings follow the losses, not the other way round.
    whole.backward()
    through_both = logits.grad.clone()
    logits.grad = None
    plain.backward()
    torch.testing.assert_close(through_both, logits.grad)


def test_a_head_learns_to_rank() -> None:
    """The loss is encoded in the mean of one channel; tested on images not trained on."""
    random = torch.Generator().manual_seed(0)

    def draw(images: int) -> tuple[dict[str, Tensor], Tensor]:
        stages = {
            "a": torch.randn(images, 4, 3, 3, generator=random),
            "b": torch.randn(images, 3, 2, 2, generator=random),
        }
        return stages, stages["a"][:, 1].mean((1, 2)).exp()

    torch.manual_seed(0)
    head = RatingHead({"a": 4, "b": 3})
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(150):
        stages, loss_B = draw(16)
        optimizer.zero_grad()
        rating_loss(head(stages), loss_B, MARGIN).backward()
        optimizer.step()
    stages, loss_B = draw(64)
    with torch.no_grad():
        order = head(stages).argsort()
    rank = loss_B[order].argsort().argsort().double()
    spearman = torch.corrcoef(torch.stack([rank, torch.arange(64).double()]))[0, 1]
    assert spearman > 0.9


# --- During training --------------------------------------------------------------------------

MakeJob = Callable[..., TrainJob]
ALONE = World.alone(torch.device("cpu"))


def test_late_in_training_the_head_is_detached(make_job: MakeJob) -> None:
    """For the effect of detaching see models/test_rating.py."""
    job = replace(make_job(epochs=5, checkpoint="last"), model=SIX)
    seen = []

    def note(module: nn.Module, inputs: object) -> None:
        if isinstance(module, RatingHead) and module.training:
            seen.append(module.detached)

    hook = register_module_forward_pre_hook(note)
    fit(job, ALONE)
    hook.remove()
    assert seen == [False] * 3 + [True] * 2


def test_each_part_learns_at_its_own_rate(make_job: MakeJob) -> None:
    job = replace(make_job(), model=SIX)
    optim = job.optim.model_copy(update={"lr": 0.5, "head_lr_mult": 4.0, "rating_lr_mult": 3.0})
    model = fit_module.build_model(SIX, 11, 0)
    optimizer = make_optimizer(model, replace(job, optim=optim))
    groups = model.parameter_groups()
    rates = {id(p): g["initial_lr"] for g in optimizer.param_groups for p in g["params"]}
    for part, rate in {"encoder": 0.5, "heads": 2.0, "rating": 1.5}.items():
        assert {rates[id(p)] for p in groups[part]} == {rate}


def test_the_mean_rating_of_the_labelled_is_measured_at_the_end(make_job: MakeJob) -> None:
    job = replace(make_job(epochs=1, checkpoint="last", plain=True), model=SIX)
    fit(job, ALONE)
    loaded = load_model(job.out).model
    pool = fit_module.Pool.open(job.pool_uri)
    labelled = load_labelled(pool, job.label_folders, job.dataset.size, 1e9)
    images = to_tensor([labelled.get(index)[0] for index in range(len(labelled))])
    rating_B = predict(loaded, images, "fp32").rating_B
    assert rating_B.std() > 0
    assert float(loaded.rating.labelled_mean) == pytest.approx(float(rating_B.mean()), abs=1e-4)
    assert math.isfinite(json.loads((job.out / REPORT).read_text())["history"][0]["loss"])
