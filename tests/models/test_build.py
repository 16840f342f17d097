"""Sizes and shapes of the networks, and loading of torchvision's weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from raysal.errors import CheckpointError, ConfigError
from raysal.models.build import build_model, check_model
from raysal.models.config import DifficultyConfig, ModelConfig
from raysal.models.difficulty import attention_grid
from raysal.models.mobilenet import STAGE_END, MobileNetV2Encoder
from raysal.models.state_file import load_state
from tests.support.paths import real_weights


def config(branch: str = "none", **settings: object) -> ModelConfig:
    return ModelConfig(weights="none", difficulty={"branch": branch, **settings})


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("classes", "base", "early"), [(11, 5_813_483, 726_307), (19, 5_815_539, 744_763)]
)
def test_numbers_of_parameters(classes: int, base: int, early: int) -> None:
    plain = build_model(config(), classes, seed=0)
    assert parameters(plain.encoder) == 1_811_712
    assert parameters(plain) == base
    assert parameters(build_model(config("late"), classes, seed=0)) == base + classes + 2
    assert parameters(build_model(config("early"), classes, seed=0)) == base + early
    assert parameters(build_model(config("late", pam=False), classes, 0)) == base + classes + 1


def test_every_parameter_is_in_one_group() -> None:
    model = build_model(config("late"), 5, seed=0)
    groups = model.parameter_groups()
    encoder, heads = groups["encoder"], groups["heads"]
    assert not groups["rating"]
    assert len(encoder) + len(heads) == len({*map(id, encoder), *map(id, heads)})
    assert sum(p.numel() for p in [*encoder, *heads]) == parameters(model)
    assert id(model.difficulty.pam.gamma) in set(map(id, heads))


@pytest.mark.parametrize(("stride", "high"), [(16, (23, 30)), (8, (45, 60))])
def test_feature_sizes(stride: int, high: tuple[int, int]) -> None:
    encoder = MobileNetV2Encoder(stride).eval()
    with torch.inference_mode():
        stages = encoder(torch.zeros(1, 3, 360, 480))
    assert stages["c24"].shape == (1, 24, 90, 120)
    assert stages["c320"].shape == (1, 320, *high)
    assert all(stages[name].shape[1] == int(name[1:]) for name in stages)


@pytest.mark.parametrize(
    ("stride", "rates", "depthwise"),
    [
        (16, [6, 12, 18], {"c96": 1, "c160": 1, "c320": 2}),
        (8, [12, 24, 36], {"c96": 2, "c160": 2, "c320": 4}),
    ],
)
def test_dilation_replaces_the_stride(
    stride: int, rates: list[int], depthwise: dict[str, int]
) -> None:
    model = build_model(ModelConfig(weights="none", output_stride=stride), 5, seed=0)

    def dilations(module: nn.Module) -> list[int]:
        convolutions = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
        return [c.dilation[0] for c in convolutions if c.kernel_size == (3, 3)]

    assert dilations(model.aspp) == rates
    blocks = model.encoder.blocks
    assert {name: dilations(blocks[STAGE_END[name]])[0] for name in depthwise} == depthwise
    strided = [m for m in model.encoder.modules() if getattr(m, "stride", None) == (2, 2)]
    assert 2 ** len(strided) == stride


@pytest.mark.parametrize(
    ("size", "grid"),
    [((360, 480), (60, 80)), ((688, 688), (86, 86)), ((32, 48), (5, 8)), ((3, 3), (1, 1))],
)
def test_attention_grid(size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert attention_grid(size, DifficultyConfig()) == grid


def test_attention_grid_is_bounded_and_can_be_set() -> None:
    height, width = attention_grid((4000, 6000), DifficultyConfig())
    assert 0.99 < height * width / 86**2 < 1.01
    assert attention_grid((360, 480), DifficultyConfig(grid=(7, 9))) == (7, 9)


@pytest.mark.parametrize(
    ("branch", "settings"),
    [
        ("none", {}),
        ("late", {}),
        ("early", {}),
        ("late", {"order": "softmax_resize"}),
        ("late", {"pam": False}),
        ("late", {"pam": False, "nopam_input": "logits"}),
    ],
)
@pytest.mark.parametrize("size", [(32, 48), (33, 47)])
def test_output_has_the_size_of_the_input(
    branch: str, settings: dict[str, object], size: tuple[int, int]
) -> None:
    model = build_model(config(branch, **settings), 5, seed=0).eval()
    with torch.inference_mode():
        output = model(torch.zeros(2, 3, *size))
    assert output.logits_BCHW.shape == (2, 5, *size)
    if branch == "none":
        assert output.difficulty_logits_BHW is None
    else:
        assert output.difficulty_logits_BHW.shape == (2, *size)


def test_the_difficulty_loss_reaches_the_segmentation_branch() -> None:
    model = build_model(config("late"), 5, seed=0)
    model(torch.randn(2, 3, 32, 48)).difficulty_logits_BHW.sum().backward()
    assert model.encoder.blocks[0][0].weight.grad.abs().sum() > 0


def test_branch_follows_the_strategy_unless_it_is_set() -> None:
    auto = ModelConfig(weights="none")
    assert auto.resolved(frozenset({"difficulty"})).difficulty.branch == "late"
    assert auto.resolved(frozenset()).difficulty.branch == "none"
    assert config("early").resolved(frozenset()).difficulty.branch == "early"


def test_initial_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = build_model(config(), 5, seed=7).state_dict()
    torch.manual_seed(2)
    drawn = torch.get_rng_state()
    same, other = (build_model(config(), 5, seed).state_dict() for seed in (7, 8))
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["classify.weight"], other["classify.weight"])


@pytest.mark.parametrize("branch", ["late", "early"])
def test_the_last_convolutions_may_start_as_in_the_released_code(branch: str) -> None:
    """Torch draws a 1x1 convolution of C channels from the range 1/sqrt(C); Kaiming-normal weights
    of the same layer have a deviation of sqrt(2/C), and here no bias."""
    classes = 11
    late = {"branch": branch, "start": "torch"}
    ours = build_model(config(branch), classes, seed=0)
    theirs = build_model(
        ModelConfig(weights="none", classifier_bias="torch", difficulty=late), classes, seed=0
    )
    assert not ours.classify.bias.any()
    assert not ours.difficulty.classify.bias.any()
    assert 0 < theirs.classify.bias.abs().max() <= 1 / 256**0.5
    assert theirs.difficulty.classify.bias.any()
    # The rest starts alike, but for what follows in the order of drawing.
    assert theirs.classify.weight.detach().std() == pytest.approx((2 / 256) ** 0.5, rel=0.1)
    weight = theirs.difficulty.classify.weight
    if branch == "late":
        assert weight.abs().max() <= 1 / classes**0.5
        assert torch.equal(ours.classify.weight, theirs.classify.weight)
        assert not torch.equal(weight, ours.difficulty.classify.weight)
    else:
        assert torch.equal(weight, ours.difficulty.classify.weight)


def test_torchvision_weights_load() -> None:
    weights = real_weights()
    state = load_state(weights)
    model = build_model(ModelConfig(weights=str(weights)), 5, seed=0)
    for name, value in model.encoder.state_dict().items():
        assert torch.equal(value, state["features." + name.removeprefix("blocks.")]), name


def test_other_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    wrong = ModelConfig(weights=str(tmp_path / "other.pth"))
    with pytest.raises(CheckpointError, match=r"model.weights: .*other.pth is not a torchvision"):
        build_model(wrong, 5, seed=0)
    with pytest.raises(ConfigError, match=r"model.weights: no file '.*imagnet'; give imagenet"):
        check_model(ModelConfig(weights="imagnet"), 5, 0, (32, 32))
