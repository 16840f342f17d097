"""Networks of segmentation-models-pytorch: the same logits, padded sizes, weights, mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.models import resnet18

from raysal.config.load import validate
from raysal.errors import CheckpointError, ConfigError
from raysal.inference.trial import try_network
from raysal.models.build import build_model, check_model
from raysal.models.config import ARCHITECTURES, ModelConfig
from raysal.models.depthwise import DilatedDepthwise
from raysal.models.smp import SMPNetwork, make_smp

CLASSES, SIZE = 4, (64, 96)
VIT = "tu-vit_tiny_patch16_224"
TIMM = "tu-mobilenetv3_small_050"
SMALL: dict[str, dict[str, Any]] = {
    "dpt": {"decoder_intermediate_channels": [16, 16, 16, 16], "decoder_fusion_channels": 16}
}


def network(arch: str, encoder: str = "resnet18", in_channels: int = 3, **more: Any) -> SMPNetwork:
    encoder = VIT if arch == "dpt" and encoder == "resnet18" else encoder
    settings = {"weights": "none", "arguments": SMALL.get(arch, {}), **more}
    config = ModelConfig(name="smp", arch=arch, encoder=encoder, **settings)
    model = build_model(config, CLASSES, 0, in_channels)
    assert isinstance(model, SMPNetwork)
    return model


def images(size: tuple[int, int] = SIZE, channels: int = 3) -> Tensor:
    return torch.randn(1, channels, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("arch", "encoder"),
    [("unet", "mit_b0"), ("segformer", "resnet18"), ("deeplabv3plus", TIMM), ("dpt", VIT)],
)
@torch.inference_mode()
def test_logits_are_those_of_smp(arch: str, encoder: str) -> None:
    model = network(arch, encoder).eval()
    theirs = make_smp(model.config, CLASSES, 3).eval()
    theirs.encoder.load_state_dict(model.encoder.state_dict())
    theirs.decoder.load_state_dict(model.decoder.state_dict())
    head = theirs.segmentation_head.head if arch == "dpt" else theirs.segmentation_head[0]
    head.load_state_dict(model.classify.state_dict())
    torch.testing.assert_close(model(images()).logits_BCHW, theirs(images()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@torch.inference_mode()
def test_the_decoder_reads_what_is_said_of_it(arch: str) -> None:
    """A feature that is not a number spoils the logits if it is read."""
    model, size = network(arch).eval(), (128, 128)
    stages = model.stages(images(size))
    assert {name: stages[name].shape[1] for name in model.stage_channels} == model.stage_channels
    spoils = {
        name: bool(
            model.decode({**stages, name: stages[name] * torch.nan}, size).logits_BChw.isnan().any()
        )
        for name in model.stage_channels
    }
    assert tuple(name for name in spoils if spoils[name]) == model.decoder_stages


@pytest.mark.parametrize("arch", ["unet", "fpn", "dpt"])
@torch.inference_mode()
def test_any_size_is_padded_and_cropped(arch: str) -> None:
    model, size = network(arch).eval(), (45, 71)
    logits = model(images(size)).logits_BCHW
    assert logits.shape == (1, CLASSES, *size)
    if model.multiple > 1:
        whole = F.pad(images(size), (0, 25, 0, 19), mode="replicate")
        expected = model(whole).logits_BCHW[..., :45, :71]
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("arch", ["unet", "dpt"])
@torch.inference_mode()
def test_passes_without_dropped_channels_are_the_network(arch: str) -> None:
    model = network(arch, channel_dropout=0.25).eval()
    ones = [torch.ones(3, model.stage_channels[name]) for name in model.decoder_stages]
    logits = model.passes(images())(ones)
    plain = model.decode(model.stages(images()), SIZE).logits_BChw
    torch.testing.assert_close(logits, plain.expand(3, -1, -1, -1), rtol=0, atol=1e-4)
    dropped = [torch.zeros_like(ones[0]), *ones[1:]]
    assert not torch.allclose(model.passes(images())(dropped), logits)


def test_dilated_depthwise_convolutions_are_guarded() -> None:
    """See `DilatedDepthwise`: in bfloat16, their gradients are wrong on some CPUs."""
    parts = network("deeplabv3plus", "mobilenet_v2").modules()
    convolutions = [m for m in parts if isinstance(m, nn.Conv2d)]
    guarded = [m for m in convolutions if m.groups > 1 and max(m.dilation) > 1]
    assert guarded
    assert all(isinstance(m, DilatedDepthwise) for m in guarded)
    x = torch.randn(1, guarded[0].in_channels, 9, 9)
    torch.testing.assert_close(guarded[0](x), nn.Conv2d.forward(guarded[0], x))


# --- Weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 1, 4])
def test_weights_of_torchvision(channels: int, tmp_path: Path) -> None:
    state = resnet18(weights=None).state_dict()
    torch.save({"state_dict": state}, tmp_path / "w.pth")
    encoder = network("unet", weights=str(tmp_path / "w.pth"), in_channels=channels).encoder
    assert torch.equal(encoder.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])
    first, rgb = encoder.conv1.weight, state["conv1.weight"]
    expected = {3: rgb, 1: rgb.sum(1, keepdim=True), 4: rgb[:, [0, 1, 2, 0]] * 3 / 4}[channels]
    torch.testing.assert_close(first, expected)


def test_weights_of_timm(tmp_path: Path) -> None:
    theirs = timm.create_model(TIMM.removeprefix("tu-"), features_only=True)
    torch.save(theirs.state_dict(), tmp_path / "w.pth")
    model = network("unet", TIMM, weights=str(tmp_path / "w.pth"))
    got = model.encoder.model.state_dict()
    assert all(torch.equal(value, got[name]) for name, value in theirs.state_dict().items())


def test_weights_of_another_encoder(tmp_path: Path) -> None:
    torch.save(resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    with pytest.raises(
        CheckpointError, match=r"w\.pth is not a mit_b0 .*: 'patch_embed1"
    ) as caught:
        network("unet", "mit_b0", weights=str(tmp_path / "w.pth"))
    assert "\n" not in str(caught.value)


def test_weights_of_smp(monkeypatch: pytest.MonkeyPatch) -> None:
    full = smp.encoders.get_encoder("resnet18").state_dict()
    monkeypatch.setattr(smp.encoders, "hf_hub_download", lambda *_, **__: "there")
    monkeypatch.setattr(smp.encoders, "load_file", lambda *_, **__: dict(full))
    encoder = network("fpn", weights="imagenet").encoder
    assert all(torch.equal(value, full[name]) for name, value in encoder.state_dict().items())


def test_weights_that_cannot_be_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no internet\nat all")

    monkeypatch.setattr(smp.encoders, "hf_hub_download", offline)
    with pytest.raises(ConfigError, match=r"weights of resnet18 cannot be loaded \(no internet at"):
        network("fpn", weights="imagenet")


# --- Mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"encoder": "resnet1"},
            "segmentation-models-pytorch has no 'resnet1'; did you mean 'resn",
        ),
        ({"encoder": "tu-resnet1"}, "timm has no 'resnet1'; did you mean 'resnet"),
        ({"arch": "linknet", "encoder": "mit_b0"}, "model.arch=linknet with model.encoder=mit_b0"),
        ({"arch": "dpt"}, "model.arch=dpt with model.encoder=resnet18 cannot be made"),
        ({"arguments": {"classes": 3}}, "model.arguments: raysal sets classes itself"),
        ({"arguments": {"encoder_depth": 9}}, "depth"),
        ({"rating_stages": ["f6"]}, "smp has no stage 'f6'"),
    ],
)
def test_networks_that_cannot_be_made(settings: dict[str, Any], message: str) -> None:
    values = {"name": "smp", "arch": "unet", "encoder": "resnet18", "weights": "none", **settings}
    with pytest.raises(ConfigError) as caught:
        check_model(ModelConfig.model_validate(values), CLASSES, 0, SIZE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"arch": "unett"}, "did you mean 'unet'"),
        ({"encoder": None}, "model.encoder is missing: model.name=smp needs it"),
        ({"output_stride": 8}, "model.output_stride is no setting of smp"),
        ({"factory": "a:b"}, "model.factory is no setting of smp"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(ModelConfig, {"name": "smp", "arch": "unet", "encoder": "x", **settings}, "x.yaml")
    assert message in str(caught.value)


def test_images_that_are_too_small_for_it() -> None:
    with pytest.raises(ConfigError, match=r"\(smp\) fails on images of 32x32: RuntimeError: "):
        try_network(network("pan"), (32, 32), "fp32")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysal.models.config.find_spec", lambda name: None)
    config = ModelConfig(name="smp", arch="unet", encoder="resnet18", weights="none")
    with pytest.raises(ConfigError, match=r"needs the package .*; install 'raysal\[smp\]'"):
        config.check()


def test_settings_of_other_networks_are_not_kept() -> None:
    config = ModelConfig(name="smp", arch="unet", encoder="resnet18")
    assert config.dump().keys() == {
        "name", "weights", "arch", "encoder", "arguments", "channel_dropout", "difficulty",
        "rating_stages",
    }  # fmt: skip
    assert ModelConfig.model_validate(config.dump()) == config
