"""Networks for images of other channels than RGB."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.errors import CheckpointError
from raysal.inference.predict import normalise, pixels_of
from raysal.models.backbones import BACKBONES
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, load_model, save_model
from raysal.models.config import ModelConfig
from raysal.models.state_file import load_state, save_state
from tests.support.own_network import SETTINGS

PALETTE = ((0, 0, 0), (1, 1, 1))
SMALL = ("deeplabv3plus_mobilenet_v2", "deeplabv3plus_drn_d_22", "deeplabv3plus_resnet18")
RESNET = ModelConfig(name="deeplabv3plus_resnet18", weights="none")
TINY = ModelConfig.model_validate(SETTINGS)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the checkpoint of a model for two channels holds."""
    file = tmp_path_factory.mktemp("two") / FILE
    model = build_model(TINY, 2, 0, pixels=PixelFormat(channels=2))
    save_model(file, model, ("a", "b"), PALETTE, (32, 48))
    return load_state(file)  # type: ignore[no-any-return]


def first(model: nn.Module) -> nn.Conv2d:
    return next(module for module in model.modules() if isinstance(module, nn.Conv2d))


def test_a_grey_image_gives_what_it_gave_as_rgb(tmp_path: Path) -> None:
    torch.save(_published(), tmp_path / "weights.pth")
    config = RESNET.model_copy(update={"weights": str(tmp_path / "weights.pth")})
    grey = PixelFormat(channels=1, mean=(0.5,), std=(0.25,))
    colour = PixelFormat(mean=(0.5,) * 3, std=(0.25,) * 3)
    one, three = (build_model(config, 2, 0, pixels=pixels).eval() for pixels in (grey, colour))
    image = torch.rand(1, 1, 32, 48)
    with torch.inference_mode():
        stages = one.encoder(normalise(image, grey))
        expected = three.encoder(normalise(image.expand(-1, 3, -1, -1), colour))
    torch.testing.assert_close(stages["layer4"], expected["layer4"], rtol=1e-4, atol=1e-4)


def _published() -> dict[str, torch.Tensor]:
    encoder = BACKBONES[RESNET.name].make(16)
    return {
        name: torch.rand_like(value) * 0.1 if value.is_floating_point() else value
        for name, value in encoder.state_dict().items()
    }


@pytest.mark.parametrize("name", SMALL)
def test_every_backbone_reads_other_channels(name: str) -> None:
    config = ModelConfig(name=name, weights="none")
    pixels = PixelFormat(channels=4)
    model = build_model(config, 2, 0, pixels=pixels).eval()
    assert pixels_of(model) == pixels
    weight = first(model).weight
    assert weight.shape[1] == 4
    with torch.inference_mode():
        logits = model(torch.rand(1, 4, 32, 48)).logits_BCHW
    assert logits.shape == (1, 2, 32, 48)
    assert torch.equal(weight, first(build_model(config, 2, 0, pixels=pixels)).weight)
    # Of random weights, no channel is a copy of another.
    assert not torch.equal(weight[:, 0], weight[:, 3])


def test_a_checkpoint_knows_how_images_are_read(tmp_path: Path) -> None:
    pixels = PixelFormat(channels=2, mean=(0.1, 0.2), std=(0.3, 0.4), range=(5, 900), show=(1,))
    model = build_model(TINY, 2, 0, pixels=pixels)
    save_model(tmp_path / FILE, model, ("a", "b"), PALETTE, (32, 48))
    loaded = load_model(tmp_path)
    assert loaded.pixels == pixels_of(loaded.model) == pixels
    digests = {loaded.digest}
    for change in ({"show": ()}, {"range": None}, {"std": (0.3, 0.5)}):
        changed = pixels.model_copy(update=change)
        model.pixels = changed
        save_model(tmp_path / FILE, model, ("a", "b"), PALETTE, (32, 48))
        assert load_model(tmp_path).pixels == changed
        digests.add(load_model(tmp_path).digest)
    # What people are shown makes no other model.
    assert len(digests) == 3


def test_a_checkpoint_of_pictures_is_that_of_earlier_versions(tmp_path: Path) -> None:
    save_model(tmp_path / FILE, build_model(TINY, 2, 0), ("a", "b"), PALETTE, (32, 48))
    assert "pixels" not in load_state(tmp_path / FILE)
    assert load_model(tmp_path).pixels == RGB


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ({"channels": 99}, "channels"),
        ({"channels": 2, "mean": [1]}, "mean has 1 numbers, channels is 2"),
        ({"channels": 4}, "reads 2 channels, its images have 4"),
        (7, "damaged"),
    ],
)
def test_a_damaged_note_is_one_line(
    raw: dict[str, object], pixels: object, message: str, tmp_path: Path
) -> None:
    save_state(tmp_path / FILE, {**raw, "pixels": pixels})
    with pytest.raises(CheckpointError, match=message) as error:
        load_model(tmp_path)
    assert "\n" not in str(error.value)


def test_images_are_normalised_by_their_own_mean_and_deviation() -> None:
    pixels = PixelFormat(channels=2, mean=(0.1, 0.2), std=(0.5, 0.25))
    image = torch.rand(2, 2, 4, 5)
    before = image.clone()
    found = normalise(image, pixels)
    expected = (image - torch.tensor([0.1, 0.2]).view(1, 2, 1, 1)) / torch.tensor([0.5, 0.25]).view(
        1, 2, 1, 1
    )
    torch.testing.assert_close(found, expected)
    assert torch.equal(image, before)
    eight = (torch.rand(1, 3, 4, 5) * 255).to(torch.uint8)
    torch.testing.assert_close(normalise(eight), normalise(eight.float() / 255), atol=1e-5, rtol=0)
