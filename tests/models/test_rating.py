"""The rating head: its size, its inputs, and its gradient."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raysal.errors import ConfigError
from raysal.inference.predict import predict
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, load_model, save_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.mobilenet import MobileNetV2Encoder
from raysal.models.rating import WIDTH, RatingHead

SIX = ("c24", "c32", "c64", "c96", "c160", "c320")
FOUR = ("c24", "c32", "c96", "c320")
RATED = frozenset({"rating"})


def rated(stages: object = "six", **config: object) -> DeepLabV3Plus:
    return build_model(ModelConfig(weights="none", rating_stages=stages, **config), 5, seed=0)


@pytest.fixture(scope="module")
def model() -> DeepLabV3Plus:
    return rated()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(3, 3, 32, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("stages", "names"),
    [("six", SIX), ("four", FOUR), (("c64",), ("c64",)), (["c320", "c160"], ("c320", "c160"))],
)
def test_numbers_of_parameters(stages: object, names: tuple[str, ...]) -> None:
    model = rated(stages)
    assert model.rating.stages == names
    channels = sum(int(name[1:]) for name in names)
    expected = channels * WIDTH + len(names) * WIDTH + len(names) * WIDTH + 1
    assert sum(p.numel() for p in model.rating.parameters()) == expected
    plain = build_model(ModelConfig(weights="none"), 5, seed=0)
    whole = sum(p.numel() for p in model.parameters())
    assert whole == sum(p.numel() for p in plain.parameters()) + expected


def test_the_head_exists_for_strategies_that_read_it() -> None:
    auto = ModelConfig(weights="none")
    assert auto.resolved(RATED, "six").rating_stages == "six"
    assert auto.resolved(RATED, "four").rating_stages == "four"
    assert auto.resolved(frozenset({"probabilities"}), "six").rating_stages == "none"
    own = ModelConfig(weights="none", rating_stages=("c32", "c96"))
    assert own.resolved(RATED, "six").rating_stages == ("c32", "c96")
    kept = ModelConfig(weights="none", rating_stages="six")
    assert kept.resolved(frozenset()).rating_stages == "six"
    assert build_model(auto.resolved(frozenset()), 5, seed=0).rating is None
    assert MobileNetV2Encoder.rating_stages == {"six": SIX, "four": FOUR}


@pytest.mark.parametrize(
    ("stage", "hint"),
    [("c33", "did you mean 'c32'?"), ("layer1", "known: c160, c24, c32, c320, c64, c96")],
)
def test_a_stage_that_the_encoder_lacks(stage: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rated(("c24", stage))
    assert str(caught.value) == (
        f"model.rating_stages: deeplabv3plus_mobilenet_v2 has no stage '{stage}'; {hint}"
    )


def test_every_parameter_is_in_one_group(model: DeepLabV3Plus) -> None:
    groups = model.parameter_groups()
    assert {id(p) for p in groups["rating"]} == {id(p) for p in model.rating.parameters()}
    together = [id(p) for group in groups.values() for p in group]
    assert sorted(together) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("detached", [False, True])
def test_only_an_attached_head_trains_the_encoder(
    model: DeepLabV3Plus, images: torch.Tensor, detached: bool
) -> None:
    model.train().zero_grad()
    model.rating.detached = detached
    # With different weights, so that batch norm does not cancel the sum of the ratings.
    (model(images).rating_B * torch.tensor([1.0, -2.0, 4.0])).sum().backward()
    groups = model.parameter_groups()
    assert all(p.grad is not None and p.grad.any() for p in groups["rating"])
    reached = [p for p in groups["encoder"] if p.grad is not None and p.grad.any()]
    assert bool(reached) != detached
    assert not any(p.grad is not None and p.grad.any() for p in groups["heads"])


def test_detaching_changes_no_rating(model: DeepLabV3Plus, images: torch.Tensor) -> None:
    model.eval()
    model.rating.detached = False
    attached = model(images).rating_B.detach()
    model.rating.detached = True
    assert torch.equal(model(images).rating_B.detach(), attached)


@torch.inference_mode()
def test_ratings_depend_on_one_image_and_are_float32(
    model: DeepLabV3Plus, images: torch.Tensor
) -> None:
    model.eval()
    together = model(images).rating_B
    assert (together.shape, together.dtype) == ((3,), torch.float32)
    assert len(set(together.tolist())) == 3
    alone = torch.cat([model(image.unsqueeze(0)).rating_B for image in images])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(images).rating_B
    assert rough.dtype == torch.float32
    # bfloat16 upstream, but no rounding of the ratings themselves.
    assert not torch.equal(rough, rough.bfloat16().float())


@torch.inference_mode()
def test_ratings_do_not_use_channel_dropout(images: torch.Tensor) -> None:
    model = rated(channel_dropout=0.5).train()
    first, second = model(images), model(images)
    assert not torch.equal(first.logits_BCHW, second.logits_BCHW)
    assert torch.equal(first.rating_B, second.rating_B)


def test_stages_are_averaged_over_the_image() -> None:
    head = RatingHead({"a": 4, "b": 2})
    stages = {"a": torch.randn(2, 4, 6, 8), "b": torch.randn(2, 2, 3, 4), "c": torch.zeros(1)}
    means = {name: x.mean((2, 3), keepdim=True) for name, x in stages.items() if name != "c"}
    torch.testing.assert_close(head(stages), head(means))
    shuffled = {name: x.flatten(2).flip(2).view_as(x) for name, x in stages.items() if x.dim() > 1}
    torch.testing.assert_close(head(stages), head(shuffled))


def test_the_mean_rating_is_saved_with_the_weights(model: DeepLabV3Plus, tmp_path: Path) -> None:
    model.rating.labelled_mean.fill_(-1.25)
    save_model(tmp_path / FILE, model.eval(), tuple("abcde"), ((0, 0, 0),) * 5, (32, 48))
    loaded = load_model(tmp_path / FILE).model
    bytes_B3HW = torch.zeros(2, 3, 32, 48, dtype=torch.uint8)
    prediction = predict(loaded, bytes_B3HW, "fp32")
    assert float(prediction.labelled_rating) == -1.25
    assert torch.equal(prediction.rating_B, predict(model, bytes_B3HW, "fp32").rating_B)
    plain = build_model(ModelConfig(weights="none"), 5, seed=0).eval()
    without = predict(plain, bytes_B3HW, "fp32")
    assert without.rating_B is None
    assert without.labelled_rating is None
