"""Encoders that only compare images: timm's own vectors, sizes, channels, files, and mistakes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.errors import CheckpointError, ConfigError
from raysal.inference.predict import normalise, run_up_to
from raysal.models.feature_config import FeatureConfig
from raysal.models.feature_encoder import (
    ENCODER_FILE,
    FeatureEncoder,
    build_encoder,
    load_encoder,
    remove_encoder,
    save_encoder,
)
from raysal.models.in_channels import adapt_weight

SIZE = (48, 64)
NET, VIT, LAST = "test_resnet", "test_vit", "test_mambaout"


def encoder(
    name: str = NET, pixels: PixelFormat = RGB, seed: int = 0, **settings: Any
) -> FeatureEncoder:
    config = FeatureConfig(encoder=name, **{"weights": "none", **settings})
    return build_encoder(config, seed, pixels, SIZE)


def pictures(channels: int = 3) -> Tensor:
    """Two images of noise, as they are decoded."""
    shape = (2, channels, *SIZE)
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1)).to(torch.uint8)


def vectors(made_by: FeatureEncoder, images: Tensor) -> Tensor:
    run_up_to(made_by, images, "fp32")
    return made_by.vectors_BD


@pytest.mark.parametrize("pool", ["own", "mean"])
@pytest.mark.parametrize("name", [NET, VIT, LAST])
@torch.inference_mode()
def test_vectors_are_those_of_timm(name: str, pool: str) -> None:
    ours = encoder(name, pool=pool)
    theirs = timm.create_model(name, num_classes=0).eval()
    theirs.load_state_dict(ours.net.state_dict())
    data = timm.data.resolve_data_config({}, model=theirs)
    mean, std = (torch.tensor(data[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    image = (pictures().float() / 255 - mean) / std
    if name == VIT:  # It reads one size.
        image = torch.nn.functional.interpolate(
            image, theirs.pretrained_cfg["input_size"][1:], mode="bilinear", antialias=True
        )
    if pool == "own":
        expected = theirs(image)
    else:
        grid = theirs.forward_intermediates(image, indices=1, norm=True, intermediates_only=True)
        expected = grid[-1].mean((2, 3))
        if name == LAST:  # It counts its channels last, and so it says.
            expected = theirs.forward_features(image).mean((1, 2))
    got = vectors(ours, pictures())
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_a_class_token_is_not_the_mean_of_the_patches() -> None:
    own, mean = (vectors(encoder(VIT, pool=pool), pictures()) for pool in ("own", "mean"))
    assert own.shape == mean.shape == (2, 64)
    assert not torch.allclose(own, mean, atol=1e-2)


def test_sizes() -> None:
    assert encoder().config.size is None
    assert encoder(VIT).config.size == (160, 160)
    small = encoder(VIT, size=(48, 64))
    assert small.config.size == SIZE
    assert vectors(small, pictures()).shape == (2, 64)
    assert not torch.equal(
        vectors(encoder(size=(64, 64)), pictures()), vectors(encoder(), pictures())
    )


def test_saved_and_loaded(tmp_path: Path) -> None:
    ours = encoder(VIT, size=(48, 64), pool="mean")
    save_encoder(ours, str(tmp_path))
    again = load_encoder(str(tmp_path))
    assert again.label == ours.label
    assert again.label.startswith("tu-test_vit:")
    assert torch.equal(vectors(again, pictures()), vectors(ours, pictures()))
    remove_encoder(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    remove_encoder(str(tmp_path))


def test_the_digest_stands_for_all_that_decides_the_vectors(tmp_path: Path) -> None:
    ours = encoder()
    file = tmp_path / "weights.pth"
    torch.save({"state_dict": ours.net.state_dict()}, file)
    assert encoder().digest == encoder("tu-test_resnet").digest == ours.digest
    assert encoder(weights=str(file)).digest == ours.digest, "wherever the weights came from"
    others = (encoder(seed=1), encoder(pool="mean"), encoder(size=(64, 64)), encoder(VIT))
    assert len({ours.digest, *(other.digest for other in others)}) == 5


def test_weights_of_a_file_for_other_channels(tmp_path: Path) -> None:
    rgb = encoder(seed=4)
    file = tmp_path / "weights.pth"
    torch.save(rgb.net.state_dict(), file)
    four = encoder(weights=str(file), pixels=PixelFormat(channels=4))
    name = next(name for name, w in rgb.net.state_dict().items() if w.ndim == 4)
    read, adapted = rgb.net.state_dict()[name], four.net.state_dict()[name]
    torch.testing.assert_close(adapted, adapt_weight(read, 4))
    assert vectors(four, pictures(4).float() / 255).shape == (2, 96)


def test_how_images_are_normalised() -> None:
    own = (0.5, 0.5, 0.5)
    assert encoder(pixels=PixelFormat(mean=(0.1, 0.2, 0.3))).pixels.mean == own
    assert encoder("resnet18").pixels.mean == (0.485, 0.456, 0.406)
    grey = encoder("resnet18", pixels=PixelFormat(channels=1)).pixels.mean
    assert grey == pytest.approx((0.449,))
    given = PixelFormat(channels=2, mean=(0.1, 0.2), std=(0.3, 0.4))
    two = encoder(pixels=given)
    assert (two.pixels.mean, two.pixels.std) == (given.mean, given.std)
    image = torch.rand(1, 2, *SIZE)
    assert torch.equal(normalise(image, two.pixels), normalise(image, given))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"encoder": "resnet81"},
            r"features\.encoder: timm has no 'resnet81'; did you mean 'resnet[0-9]+'\?",
        ),
        ({"encoder": "qqqqqq"}, r"timm has no 'qqqqqq'; timm\.list_models\(\) lists them"),
        ({"encoder": "resnet18.nobody"}, r"features\.encoder: resnet18\.nobody cannot be made"),
        ({"weights": "absent.pth"}, r"features\.weights: no file '.*absent\.pth'; give pretrained"),
        (
            {"encoder": VIT, "size": (50, 64)},
            r"test_vit cannot read images of 50x64 .*divisible.* set another features\.size",
        ),
        (
            {"weights": "pretrained"},
            r"features\.weights: the pretrained weights of test_resnet cannot be loaded .*; give",
        ),
    ],
)
def test_mistakes(settings: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    config = FeatureConfig.model_validate({"encoder": NET, "weights": "none", **settings})
    with pytest.raises(ConfigError, match=line):
        build_encoder(config, 0, RGB, SIZE)


def test_images_that_are_too_small_for_it() -> None:
    config = FeatureConfig(encoder="vgg11", weights="none")
    with pytest.raises(ConfigError, match=r"vgg11 cannot read images of 16x16 .*features\.size"):
        build_encoder(config, 0, RGB, (16, 16))


def test_a_weight_file_of_another_encoder(tmp_path: Path) -> None:
    file = tmp_path / "vit.pth"
    torch.save(encoder(VIT).net.state_dict(), file)
    line = r"features\.weights: .*vit\.pth is not a test_resnet state dict: 'conv1.*' is missing"
    with pytest.raises(CheckpointError, match=line):
        encoder(weights=str(file))


def test_timm_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "timm")
    monkeypatch.setattr("raysal.models.feature_config.find_spec", lambda name: None)
    line = r"features\.encoder needs the package timm; install it with pip install 'raysal\[smp\]'"
    with pytest.raises(ConfigError, match=line):
        encoder()


def test_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*encoder\.pt"):
        load_encoder(str(tmp_path))
    (tmp_path / ENCODER_FILE).write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"encoder\.pt is damaged"):
        load_encoder(str(tmp_path))
    torch.save({"kind": "another"}, tmp_path / ENCODER_FILE)
    with pytest.raises(CheckpointError, match=r"encoder\.pt is not an encoder of this raysal"):
        load_encoder(str(tmp_path))
