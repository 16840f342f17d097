"""A user's own network: its stages, its dropout passes, and one line for each mistake."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from raysal.config.load import validate
from raysal.errors import CheckpointError, ConfigError
from raysal.inference.masks import dropout_masks
from raysal.inference.predict import normalise, predict
from raysal.inference.trial import try_network
from raysal.inference.votes import vote_entropy, vote_map
from raysal.models.build import build_model, check_model
from raysal.models.checkpoint import load_model, save_model
from raysal.models.config import ModelConfig
from raysal.models.layers import resize
from raysal.models.network import Network
from tests.support.own_network import FACTORY, SETTINGS, STAGES

CLASSES, SIZE = 4, (32, 48)
PALETTE = ((0, 0, 0),) * CLASSES


def network(**settings: Any) -> Network:
    config = ModelConfig.model_validate({**SETTINGS, **settings})
    return build_model(config.resolved(frozenset({"difficulty", "rating"}), "six"), CLASSES, 0)


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=random)


def test_stages_are_outputs_of_submodules(image: torch.Tensor) -> None:
    model = network(arguments={"width": 6}).eval()
    assert model.stage_channels == {"encoder.0": 6, "encoder.2": 12}
    x = normalise(image.unsqueeze(0))
    with torch.inference_mode():
        stages, output = model.stages(x), model(x)
        first = model.module.encoder[0](x.contiguous())
        assert torch.equal(stages["encoder.0"], first)
        assert torch.equal(output.logits_BCHW, resize(model.module(x.contiguous()), SIZE))
    assert output.rating_B.shape == (1,)
    assert output.difficulty_logits_BHW.shape == (1, *SIZE)


def test_votes_are_those_of_altered_stages(image: torch.Tensor) -> None:
    """Each pass by hand, with the layers between the stages."""
    model = network(channel_dropout=0.5).eval()
    parts = model.module
    masks = dropout_masks(3, 5, 24, 0.5)
    votes = []
    with torch.inference_mode():
        for mask_D in masks:
            low, high = mask_D.split([8, 16])
            x = parts.encoder[0](normalise(image.unsqueeze(0))) * low[:, None, None]
            x = parts.encoder[2](parts.encoder[1](x)) * high[:, None, None]
            votes.append(resize(parts.head(x.relu()), SIZE).argmax(1))
    expected = vote_entropy(torch.cat(votes).to(torch.uint8), CLASSES)
    got = vote_map(model, image, 3, 5, "hard", "fp32")
    assert (got > 0).any()
    assert ((got - expected).abs() < 1e-6).float().mean() > 0.99


def test_dropout_acts_on_stages_in_training(image: torch.Tensor) -> None:
    x = normalise(image.unsqueeze(0))
    for dropout, same in ((0.0, True), (0.5, False)):
        model = network(channel_dropout=dropout).train()
        with torch.no_grad():
            assert torch.equal(model(x).logits_BCHW, model(x).logits_BCHW) == same


def test_groups_of_parameters() -> None:
    groups = network().parameter_groups()
    assert [len(groups[part]) for part in ("encoder", "heads")] == [4, 5]
    assert len(groups["rating"]) == 6
    without = network(factory=f"{NETWORK}:plain", stages=("0",), rating_stages="none")
    groups = without.parameter_groups()
    assert [len(groups[part]) for part in ("encoder", "heads", "rating")] == [2, 3, 0]


def test_weights_depend_on_the_seed_and_survive_a_checkpoint(
    image: torch.Tensor, tmp_path: Path
) -> None:
    one, same = network(), network()
    assert torch.equal(one.module.head.weight, same.module.head.weight)
    save_model(tmp_path / "model.pt", one, "abcd", PALETTE, SIZE)
    loaded = load_model(tmp_path)
    assert loaded.config.factory == FACTORY
    assert loaded.config.stages == STAGES
    images = image.unsqueeze(0)
    assert torch.equal(
        predict(loaded.model, images).probabilities_BCHW,
        predict(one.eval(), images).probabilities_BCHW,
    )


def test_a_module_may_depend_on_the_memory_layout(image: torch.Tensor) -> None:
    model = network(factory="tests.support.own_network:with_view")
    model.place("cpu")
    assert predict(model.eval(), image.unsqueeze(0)).probabilities_BCHW.shape[2:] == SIZE


def test_a_network_of_torchvision(image: torch.Tensor) -> None:
    """It is called with num_classes, and returns a dict."""
    settings = {
        "factory": "torchvision.models.segmentation:lraspp_mobilenet_v3_large",
        "arguments": {"weights_backbone": None},
        "stages": ["backbone.4", "backbone.16"],
        "channel_dropout": 0.5,
    }
    model = network(**settings).eval()
    x = normalise(image.unsqueeze(0))
    with torch.inference_mode():
        theirs = model.module(x.contiguous())["out"]
        torch.testing.assert_close(model(x).logits_BCHW, theirs)
    assert (vote_map(model, image, 0, 4, "soft", "fp32") > 0).any()
    groups = model.parameter_groups()
    assert len(groups["encoder"]) == len(list(model.module.backbone.parameters()))


def test_weights_of_a_file(tmp_path: Path) -> None:
    torch.save({"state_dict": network().module.state_dict()}, tmp_path / "w.pth")
    other = build_model(
        ModelConfig.model_validate({**SETTINGS, "weights": str(tmp_path / "w.pth")}), CLASSES, 9
    )
    assert torch.equal(other.module.head.weight, network().module.head.weight)
    torch.save({"x": torch.zeros(2)}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"w\.pth is not a .*own_network:make .*state dict"):
        build_model(other.config, CLASSES, 0)


def test_the_module_is_found_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "found_here.py").write_text(
        "from torch import nn\n\ndef make(classes):\n    return nn.Conv2d(3, classes, 1)\n"
    )
    config = ModelConfig(name="python", factory="found_here:make")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    with pytest.raises(ConfigError, match="there is no module 'found_here' here; install it"):
        build_model(config, CLASSES, 0)
    monkeypatch.chdir(tmp_path)
    made = build_model(config, CLASSES, 0)
    assert made.module.out_channels == CLASSES
    save_model(tmp_path / "model.pt", made, "abcd", PALETTE, SIZE)
    assert load_model(tmp_path).config == config
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path)])
    monkeypatch.delitem(sys.modules, "found_here")
    with pytest.raises(CheckpointError, match=r"model.pt: model.factory: there is no module"):
        load_model(tmp_path)


NETWORK = "tests.support.own_network"
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no module": ({"factory": "nowhere.nets:make"}, "there is no module 'nowhere' here"),
    "no function": ({"factory": f"{NETWORK}:mak"}, "has no function 'mak'; did you mean 'make'?"),
    "raises": ({"factory": f"{NETWORK}:raises"}, "fails: KeyError: 'no such"),
    "another argument": ({"arguments": {"wdth": 3}}, "unexpected keyword argument 'wdth'"),
    "returns no module": ({"factory": f"{NETWORK}:no_module"}, "returns a int, not a torch.nn"),
    "classes": ({"factory": f"{NETWORK}:one_class_more"}, "returns a tensor (2, 5, 4, 6) for"),
    "shape": ({"factory": f"{NETWORK}:flat", "stages": ()}, "needed are logits (2, 4, h, w)"),
    "channels": ({"factory": f"{NETWORK}:four_channels"}, "fails on images (2, 3, 32, 48): Runt"),
    "stage": ({"stages": ("encoder.3",)}, "has no submodule 'encoder.3'; did you mean 'encoder."),
    "stage of two": ({"factory": f"{NETWORK}:two", "stages": ("split",)}, "returns a tuple of 2"),
    "idle stage": ({"factory": f"{NETWORK}:two", "stages": ("idle",)}, "'idle' of tests.support"),
    "no stages to drop": ({"stages": (), "channel_dropout": 0.2}, "channel_dropout needs stages"),
    "no stages to rate": ({"stages": (), "rating_stages": "six"}, "rating_stages needs stages"),
    "imagenet": ({"weights": "imagenet"}, "cannot download tests.support.own_network:make"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(case: str) -> None:
    settings, message = MISTAKES[case]
    config = ModelConfig.model_validate({**SETTINGS, **settings})
    with pytest.raises(ConfigError) as caught:
        check_model(config, CLASSES, 0, SIZE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factory": None}, "model.factory is missing"),
        ({"factory": "nets"}, "write it as module:function"),
        ({"output_stride": 8}, "model.output_stride is no setting of python"),
        ({"arch": "unet"}, "model.arch is no setting of python"),
        ({"difficulty": {"branch": "early"}}, "has no input for an early branch"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(ModelConfig, {**SETTINGS, **settings}, "x.yaml")
    assert message in str(caught.value)


def test_logits_that_bfloat16_cannot_hold() -> None:
    model = network(factory=f"{NETWORK}:overflow")
    try_network(model, SIZE, "fp32")
    with pytest.raises(ConfigError, match="not finite numbers in bfloat16; set"):
        try_network(model, SIZE, "bf16")
