"""One step of training and one of prediction."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from raysal.data.imagenet import MEAN, STD
from raysal.inference.predict import normalise, predict, predict_classes
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.network import Output
from raysal.training.config import LossConfig
from raysal.training.losses import difficulty_loss, error_mask, segmentation_loss
from raysal.training.steps import losses

IMAGES = torch.randint(
    0, 256, (3, 3, 32, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


@pytest.fixture(scope="module")
def model() -> DeepLabV3Plus:
    return build_model(
        ModelConfig(weights="none").resolved(frozenset({"difficulty"})), 5, seed=0
    ).eval()


def test_normalised_as_torchvision_does() -> None:
    expected = tv.normalize(tv.to_dtype(IMAGES, torch.float32, scale=True), MEAN, STD)
    torch.testing.assert_close(normalise(IMAGES), expected, rtol=0, atol=1e-6)


def test_predictions_are_probabilities(model: DeepLabV3Plus) -> None:
    prediction = predict(model, IMAGES, "fp32")
    probs, difficulty = prediction.probabilities_BCHW, prediction.difficulty_BHW
    assert (probs.shape, probs.dtype) == ((3, 5, 32, 48), torch.float32)
    assert (difficulty.shape, difficulty.dtype) == ((3, 32, 48), torch.float32)
    torch.testing.assert_close(probs.sum(1), torch.ones(3, 32, 48))
    assert 0 <= difficulty.min() <= difficulty.max() <= 1
    assert torch.equal(predict_classes(model, IMAGES, "fp32"), probs.argmax(1))


def test_the_batch_changes_predictions_only_by_rounding(model: DeepLabV3Plus) -> None:
    together = predict(model, IMAGES, "fp32")
    alone = predict(model, IMAGES[1:2], "fp32")
    for a, b in (
        (together.probabilities_BCHW[1], alone.probabilities_BCHW[0]),
        (together.difficulty_BHW[1], alone.difficulty_BHW[0]),
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.5])
def test_the_loss_is_the_sum_of_two(alpha: float) -> None:
    torch.manual_seed(0)
    output = Output(torch.randn(2, 5, 8, 8), torch.randn(2, 8, 8))
    target = torch.randint(0, 5, (2, 8, 8))
    config = LossConfig(alpha=alpha)
    seg = segmentation_loss(output.logits_BCHW, target)
    error, valid = error_mask(output.logits_BCHW.argmax(1), target)
    dif = difficulty_loss(output.difficulty_logits_BHW, error, valid, config.dif)
    torch.testing.assert_close(losses(output, target, config), seg + alpha * dif)
    plain = Output(output.logits_BCHW, None)
    assert torch.equal(losses(plain, target, config), seg)
