"""Networks rearranged for inference, compared with the networks that they were made from."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from raysal.inference.predict import predict, run_up_to
from raysal.models.build import build_model
from raysal.models.config import DECODER, DifficultyConfig, ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.features import PooledFeatures
from raysal.models.frozen import frozen
from raysal.models.network import Network
from tests.support.each_backbone import EACH
from tests.support.shallow_network import SHALLOW, know_shallow

CLASSES = 5
IMAGES = torch.randint(0, 256, (2, 3, 40, 56), dtype=torch.uint8)


def trained(**settings: object) -> Network:
    """A network whose batch norms, and whose attention, are those of no untrained one."""
    config = ModelConfig(**{"weights": "none", **settings})  # type: ignore[arg-type]
    model = build_model(config.resolved(frozenset({"difficulty", "rating"})), CLASSES, seed=0)
    random = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3, generator=random)
            module.running_var.uniform_(0.7, 1.5, generator=random)
            nn.init.uniform_(module.weight, 0.8, 1.2, generator=random)
            nn.init.uniform_(module.bias, -0.2, 0.2, generator=random)
    pam = model.difficulty.pam if model.difficulty is not None else None
    if pam is not None:
        nn.init.constant_(pam.gamma, 0.7)
    model.place("cpu")
    return model.eval()


def assert_same(model: Network, fast: Network) -> None:
    expected, found = predict(model, IMAGES, "fp32"), predict(fast, IMAGES, "fp32")
    torch.testing.assert_close(
        found.probabilities_BCHW, expected.probabilities_BCHW, rtol=0, atol=1e-4
    )
    torch.testing.assert_close(found.difficulty_BHW, expected.difficulty_BHW, rtol=0, atol=2e-4)
    torch.testing.assert_close(found.rating_B, expected.rating_B, rtol=1e-3, atol=1e-4)
    assert expected.probabilities_BCHW.std() > 0.01
    assert expected.difficulty_BHW is not None
    assert expected.difficulty_BHW.std() > 1e-4


@pytest.mark.parametrize("name", EACH)
def test_a_frozen_network_computes_the_same(name: str) -> None:
    model = trained(name=name)
    before = copy.deepcopy(model.state_dict())
    fast = frozen(model)
    assert not [m for m in fast.decoder.modules() if isinstance(m, nn.BatchNorm2d)]
    assert_same(model, fast)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("branch", [{"branch": "early"}, {"pam": False}, {"neg_gamma": "bypass"}])
def test_every_kind_of_branch(branch: dict[str, object]) -> None:
    know_shallow()
    model = trained(**SHALLOW, difficulty=DifficultyConfig(**branch))  # type: ignore[arg-type]
    assert_same(model, frozen(model))


@pytest.mark.parametrize("stage", ["aspp", DECODER])
def test_a_frozen_network_shows_its_layers(stage: str) -> None:
    know_shallow()
    model = trained(**SHALLOW)
    fast = frozen(model)
    expected, found = PooledFeatures(model, stage), PooledFeatures(fast, stage)
    for network, features in ((model, expected), (fast, found)):
        predict(network, IMAGES, "fp32")
        of_prediction = features.vectors_BD
        run_up_to(features, IMAGES, "fp32")
        torch.testing.assert_close(features.vectors_BD, of_prediction)
    torch.testing.assert_close(found.vectors_BD, expected.vectors_BD, rtol=1e-4, atol=1e-4)


def test_other_networks_are_left_as_they_are() -> None:
    class Other(Network):
        def __init__(self) -> None:
            super().__init__(ModelConfig(weights="none"), CLASSES)

        stages = decode = load_initial_weights = DeepLabV3Plus.load_initial_weights

    other = Other()
    assert frozen(other) is other
