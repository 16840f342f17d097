"""Properties of the losses."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from raysal.training.config import DifficultyLossConfig
from raysal.training.losses import IGNORE, difficulty_loss, error_mask, segmentation_loss

EQ4 = DifficultyLossConfig()
ALL = [
    DifficultyLossConfig(loss=loss, scope=scope, ignore=ignore)
    for loss in ("eq4", "code_wce", "bce")
    for scope in ("image", "batch")
    for ignore in ("exclude", "right")
]


def maps(seed: int, error_share: float, known_share: float) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(seed)
    logits = 3 * torch.randn(2, 6, 7, dtype=torch.float64)
    valid = torch.rand(2, 6, 7) < known_share
    return logits, (torch.rand(2, 6, 7) < error_share) & valid, valid


shares = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


@given(seed=st.integers(0, 1000), error_share=shares, known_share=shares)
def test_equation_4_is_the_balanced_form(seed: int, error_share: float, known_share: float) -> None:
    """p(1-p)·(mean NLL on errors + mean NLL on right pixels), image by image."""
    logits, error, valid = maps(seed, error_share, known_share)
    expected = []
    for m, e, v in zip(logits.sigmoid(), error, valid, strict=True):
        if not v.any():
            continue
        p = e.sum() / v.sum()
        on_errors = -m[e].log().mean() if e.any() else 0.0
        on_rights = -(1 - m[v & ~e]).log().mean() if (v & ~e).any() else 0.0
        expected.append(p * (1 - p) * (on_errors + on_rights))
    mean = sum(expected) / len(expected) if expected else 0.0
    assert float(difficulty_loss(logits, error, valid, EQ4)) == pytest.approx(float(mean))


@given(seed=st.integers(0, 1000), error_share=shares)
def test_batch_scope_is_one_large_image(seed: int, error_share: float) -> None:
    logits, error, valid = maps(seed, error_share, 0.9)
    joined = [x.reshape(1, 12, 7) for x in (logits, error, valid)]
    for loss in ("eq4", "code_wce", "bce"):
        batch = DifficultyLossConfig(loss=loss, scope="batch")
        a = difficulty_loss(logits, error, valid, batch)
        assert float(a) == pytest.approx(
            float(difficulty_loss(*joined, DifficultyLossConfig(loss=loss)))
        )


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_unknown_pixels_are_left_out_or_count_as_right(config: DifficultyLossConfig) -> None:
    logits, error, valid = maps(0, 0.3, 0.7)
    loss = difficulty_loss(logits, error, valid, config)
    elsewhere = logits.where(valid, torch.full_like(logits, 9.0))
    changed = difficulty_loss(elsewhere, error, valid, config)
    assert torch.equal(loss, changed) == (config.ignore == "exclude")
    if config.ignore == "right":
        everything = torch.ones_like(valid)
        exclude = config.model_copy(update={"ignore": "exclude"})
        assert torch.equal(loss, difficulty_loss(logits, error, everything, exclude))


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_saturated_maps_have_finite_loss_and_gradient(config: DifficultyLossConfig) -> None:
    logits = torch.tensor([[[200.0, -200.0], [1e4, -1e4]]], requires_grad=True)
    error = torch.tensor([[[False, True], [True, False]]])
    loss = difficulty_loss(logits, error, torch.ones_like(error), config)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("config", [c for c in ALL if c.ignore == "exclude"], ids=repr)
def test_nothing_known_gives_no_gradient(config: DifficultyLossConfig) -> None:
    logits = torch.randn(2, 4, 4, requires_grad=True)
    nothing = torch.zeros(2, 4, 4, dtype=torch.bool)
    loss = difficulty_loss(logits, nothing, nothing, config)
    loss.backward()
    assert float(loss.detach()) == 0
    assert not logits.grad.any()


def test_an_unknown_image_does_not_dilute_the_batch() -> None:
    logits, error, valid = maps(3, 0.4, 1.0)
    valid[1] = False
    both = difficulty_loss(logits, error & valid, valid, EQ4)
    alone = difficulty_loss(logits[:1], error[:1], valid[:1], EQ4)
    assert float(both) == pytest.approx(float(alone))


def test_segmentation_loss_is_the_mean_over_known_pixels() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 5, 6, 7), torch.randint(0, 5, (2, 6, 7)).to(torch.uint8)
    target[0, :4] = IGNORE
    reference = torch.nn.functional.cross_entropy(logits, target.long(), ignore_index=IGNORE)
    assert float(segmentation_loss(logits, target)) == pytest.approx(float(reference), abs=1e-6)


def test_error_mask_never_marks_the_unknown() -> None:
    target = torch.tensor([[0, IGNORE, 1]], dtype=torch.uint8)
    error, valid = error_mask(torch.tensor([[1, 1, 1]]), target)
    assert error.tolist() == [[True, False, False]]
    assert valid.tolist() == [[True, False, True]]
