"""Fast dropout passes, compared with the layers of the network itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from raysal.inference.passes import Passes
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus

CLASSES, HIGH, LOW = 5, 320, 24


def trained(stride: int = 16) -> DeepLabV3Plus:
    """A network with random statistics, scales and shifts in its batch norms."""
    model = build_model(ModelConfig(weights="none", output_stride=stride), CLASSES, seed=0)
    random = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -0.5, 0.5),
                (module.running_var, 0.3, 2.0),
                (module.weight, 0.5, 1.5),
                (module.bias, -0.3, 0.3),
            ):
                tensor.data.uniform_(low, high, generator=random)
    nn.init.uniform_(model.classify.bias, -1, 1, generator=random)
    return model.eval()


@pytest.fixture(scope="module")
def models() -> dict[int, DeepLabV3Plus]:
    """Networks by output stride, which determines the dilations."""
    return {stride: trained(stride) for stride in (16, 8)}


def own_layers(
    model: DeepLabV3Plus, high_DHW: Tensor, low_DHW: Tensor, high_MD: Tensor, low_MD: Tensor
) -> Tensor:
    """(M, C, y, x) logits, one pass after the other through the modules."""

    def one_pass(high_D: Tensor, low_D: Tensor) -> Tensor:
        kept_high_DHW, kept_low_DHW = (
            high_DHW * high_D[:, None, None],
            low_DHW * low_D[:, None, None],
        )
        features = model.decoder_input(kept_high_DHW.unsqueeze(0), kept_low_DHW.unsqueeze(0))
        return model.classify(model.decoder(features))

    return torch.cat([one_pass(a, b) for a, b in zip(high_MD, low_MD, strict=True)])


@torch.inference_mode()
@pytest.mark.parametrize(
    ("stride", "high", "low"),
    [
        (16, (2, 3), (8, 12)),
        (16, (3, 3), (9, 12)),  # Of an image of 33 x 47.
        (16, (1, 1), (4, 4)),
        (16, (1, 5), (2, 17)),
        (16, (4, 5), (4, 5)),  # Nothing to resize.
        (16, (20, 22), (23, 25)),  # Wider than every dilation.
        (8, (4, 6), (8, 12)),
        (8, (5, 7), (9, 13)),
    ],
)
def test_the_same_logits(
    models: dict[int, DeepLabV3Plus], stride: int, high: tuple[int, int], low: tuple[int, int]
) -> None:
    torch.manual_seed(2)
    model = models[stride]
    high_DHW, low_DHW = torch.randn(HIGH, *high).relu(), torch.randn(LOW, *low)
    high_MD = (torch.rand(3, HIGH) > 0.25) / 0.75
    low_MD = (torch.rand(3, LOW) > 0.25) / 0.75
    expected = own_layers(model, high_DHW, low_DHW, high_MD, low_MD)
    passes = Passes(model, high_DHW.permute(1, 2, 0), low_DHW.permute(1, 2, 0))
    got = passes.logits(high_MD, low_MD)
    assert (got.shape, got.dtype) == ((3, *low, CLASSES), torch.float32)
    scale = expected.std()
    assert scale > 0.1
    torch.testing.assert_close(got.permute(0, 3, 1, 2) / scale, expected / scale, rtol=0, atol=1e-4)
    # A second call with the same masks, or with some of the passes, gives the same logits.
    again = passes.logits(high_MD[1:2], low_MD[1:2])
    torch.testing.assert_close(again[0] / scale, got[1] / scale, rtol=0, atol=1e-5)
    assert (got[0] - got[1]).abs().max() > 0.01 * scale


@torch.inference_mode()
def test_without_dropout_it_is_the_network(models: dict[int, DeepLabV3Plus]) -> None:
    torch.manual_seed(3)
    model, image = models[16], torch.randn(1, 3, 33, 47)
    stages = model.encoder(image)
    high, low = (stages[name][0].permute(1, 2, 0) for name in ("c320", "c24"))
    logits = Passes(model, high, low).logits(torch.ones(1, HIGH), torch.ones(1, LOW))
    resized = nn.functional.interpolate(
        logits.permute(0, 3, 1, 2), (33, 47), mode="bilinear", align_corners=True
    )
    expected = model(image).logits_BCHW
    torch.testing.assert_close(resized, expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_in_bfloat16_it_is_near(models: dict[int, DeepLabV3Plus]) -> None:
    torch.manual_seed(4)
    model = models[16]
    high_hwD, low_yxD = torch.randn(3, 4, HIGH).relu(), torch.randn(12, 16, LOW)
    factors = torch.ones(2, HIGH), torch.ones(2, LOW)
    exact = Passes(model, high_hwD, low_yxD).logits(*factors)
    rough = Passes(model, high_hwD.bfloat16(), low_yxD.bfloat16()).logits(*factors)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < 0.05 * exact.std()
