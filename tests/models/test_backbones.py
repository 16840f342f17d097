"""Every backbone: sizes, stages, published weights, and dropout passes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision.models import mobilenet_v2, resnet18, resnet50
from torchvision.models.feature_extraction import create_feature_extractor

from raysal.errors import CheckpointError, ConfigError
from raysal.inference.votes import vote_map
from raysal.models.backbones import BACKBONES
from raysal.models.build import build_model, check_model
from raysal.models.config import ModelConfig
from raysal.models.drn import DRNEncoder
from raysal.models.resnet import ResNetEncoder
from raysal.training.config import LossConfig
from raysal.training.steps import train_step
from tests.support.each_backbone import EACH, STRIDES

CLASSES = 5
SIZE = (48, 64)
# Convolutions and batch norms of the published classifiers, whose last layer has 1000 classes.
DRN_PARAMETERS = {22: 16_393_752, 38: 26_501_912, 54: 35_809_176}


def classifier(name: str) -> torch.nn.Module:
    """The published classifier that contains a backbone, with random weights."""
    if name.startswith("deeplabv3plus_drn"):
        drn = DRNEncoder(int(name[-2:]))
        drn.add_module("fc", torch.nn.Conv2d(512, 1000, 1))
        return drn
    makers = {"mobilenet_v2": mobilenet_v2, "resnet18": resnet18, "resnet50": resnet50}
    return makers[name.removeprefix("deeplabv3plus_")](weights=None)


@pytest.mark.parametrize("depth", DRN_PARAMETERS)
def test_drn_is_as_large_as_published(depth: int) -> None:
    network = classifier(f"deeplabv3plus_drn_d_{depth}")
    assert sum(p.numel() for p in network.parameters()) == DRN_PARAMETERS[depth]


def test_drn_dilations() -> None:
    """Levels 5, 6 and 7 have dilations 2, 4 and 2; the last one has none."""
    drn = DRNEncoder(22)
    found = {
        level: {m.dilation[0] for m in getattr(drn, level).modules() if hasattr(m, "dilation")}
        for level in ("layer4", "layer5", "layer6", "layer7", "layer8")
    }
    # 1x1 shortcuts are not dilated.
    assert found == {
        "layer4": {1},
        "layer5": {1, 2},
        "layer6": {1, 4},
        "layer7": {2},
        "layer8": {1},
    }


@pytest.mark.parametrize(("stride", "dilated"), [(16, [0, 0, 1]), (8, [0, 1, 1])])
def test_resnet_is_dilated_as_torchvision_does_it(stride: int, dilated: list[int]) -> None:
    published = resnet50(replace_stride_with_dilation=[bool(d) for d in dilated]).eval()
    ours = ResNetEncoder(50, stride).eval()
    ours.load_published(published.state_dict())
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        expected = create_feature_extractor(published, ["layer4"])(image)["layer4"]
        assert torch.equal(ours(image)["layer4"], expected)


def test_the_dilated_stage_contains_the_classifiers() -> None:
    """At every second position; at the border the padding differs."""
    published = resnet18(weights=None).eval()
    ours = ResNetEncoder(18, 16).eval()
    ours.load_published(published.state_dict())
    image = torch.rand(1, 3, 256, 256)
    with torch.inference_mode():
        coarse = create_feature_extractor(published, ["layer4"])(image)["layer4"]
        dense = ours(image)["layer4"]
    difference = (dense[..., ::2, ::2] - coarse)[..., 3:-3, 3:-3]
    assert difference.abs().max() < 1e-4 * coarse.abs().max()


@pytest.mark.parametrize(("name", "stride"), STRIDES)
def test_stages_are_as_declared(name: str, stride: int) -> None:
    encoder = BACKBONES[name].make(stride).eval()
    with torch.inference_mode():
        stages = encoder(torch.rand(1, 3, 64, 96))
    assert {k: v.shape[1] for k, v in stages.items()} == dict(encoder.stage_channels)
    assert list(encoder.stage_channels)[-1] == encoder.high
    assert stages[encoder.low].shape[-2:] == (16, 24)
    assert stages[encoder.high].shape[-2:] == (64 // stride, 96 // stride)
    for names, count in ((encoder.rating_stages["six"], 6), (encoder.rating_stages["four"], 4)):
        assert len(set(names)) == count
        assert set(names) <= set(stages)


@pytest.mark.parametrize("name", EACH)
def test_published_weights_load(name: str, tmp_path: Path) -> None:
    published = classifier(name).state_dict()
    if "drn" in name:  # The published files were written before this counter existed.
        published = {k: v for k, v in published.items() if not k.endswith("num_batches_tracked")}
    file = tmp_path / "weights.pth"
    torch.save(published, file)
    model = build_model(ModelConfig(name=name, weights=str(file)), CLASSES, seed=0)
    own = model.encoder.state_dict()
    taken = [k for k in published if any(torch.equal(v, published[k]) for v in own.values())]
    assert set(published) - set(taken) <= {
        k for k in published if "fc." in k or "classifier" in k or k.startswith("features.18")
    }


@pytest.mark.parametrize("name", ["deeplabv3plus_drn_d_22", "deeplabv3plus_resnet18"])
def test_weights_of_another_network_are_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    torch.save(mobilenet_v2(weights=None).state_dict(), file)
    with pytest.raises(CheckpointError, match=rf"weights\.pth is not a .*{name[-2:]} state dict"):
        build_model(ModelConfig(name=name, weights=str(file)), CLASSES, seed=0)


def test_drn_weights_are_not_downloaded() -> None:
    with pytest.raises(ConfigError, match=r"cannot download .*drn_d_54.*give the path"):
        check_model(ModelConfig(name="deeplabv3plus_drn_d_54"), CLASSES, 0, SIZE)


def test_drn_has_one_stride() -> None:
    with pytest.raises(ValueError, match=r"output_stride: .*drn_d_22 supports only stride 8"):
        ModelConfig(name="deeplabv3plus_drn_d_22", output_stride=16)
    assert ModelConfig(name="deeplabv3plus_drn_d_22").stride == 8
    assert ModelConfig().stride == 16


@pytest.mark.parametrize("name", EACH)
def test_training_rating_and_dropout_passes(name: str) -> None:
    config = ModelConfig(name=name, weights="none", channel_dropout=0.25)
    config = config.resolved(frozenset({"difficulty", "rating"}), "six")
    model = build_model(config, CLASSES, seed=0).train()
    images = torch.randint(0, 256, (2, 3, *SIZE), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (2, *SIZE), dtype=torch.uint8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    before = {k: v.clone() for k, v in model.named_parameters()}
    loss = train_step(model, optimizer, images, labels, LossConfig(), "fp32")
    assert loss.isfinite()
    unchanged = [
        key
        for key, value in model.named_parameters()
        if key.startswith("encoder.") and torch.equal(value, before[key])
    ]
    assert unchanged == []
    map_HW = vote_map(model.eval(), images[0], seed=0, passes=4, precision="fp32")
    assert map_HW.shape == SIZE
    assert (map_HW > 0).any(), "all passes vote alike"


@pytest.mark.parametrize("name", EACH)
def test_declared_stages_are_those_of_the_encoder(name: str) -> None:
    backbone = BACKBONES[name]
    with torch.device("meta"):
        encoder = backbone.make(backbone.strides[0])
    assert backbone.stages == tuple(encoder.stage_channels)


def test_a_wrong_stage_is_found_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"model.rating_stages: .*resnet18 has no stage 'layer5'"):
        ModelConfig(name="deeplabv3plus_resnet18", rating_stages=("stem", "layer5")).check()
    model = ModelConfig(name="deeplabv3plus_resnet18", weights="none")
    model.check_stage("acquisition.feature", "aspp", "aspp", "decoder")
    with pytest.raises(ConfigError, match=r"acquisition.feature: .* 'asp'; did you mean 'aspp'"):
        model.check_stage("acquisition.feature", "asp", "aspp", "decoder")
