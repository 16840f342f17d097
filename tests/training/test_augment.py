"""Augmentation: reproducible, of the right size, the same for image and label."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from raysal.data.decode import IGNORE
from raysal.experiment.config import experiment_of
from raysal.training.augment import augment
from raysal.training.augment_config import AugmentConfig

H, W = 48, 64
SEEDS = range(25)
GEOMETRY = AugmentConfig(jitter=0)
OFF = AugmentConfig(scale=(1, 1), flip=0, jitter=0)


def stripes() -> tuple[np.ndarray, np.ndarray]:
    """Vertical and horizontal bands whose colour encodes the label: red = 20 * (label + 1)."""
    rows, columns = np.mgrid[:H, :W]
    label = (rows // 16 + 3 * (columns // 16)).astype(np.uint8)
    image = np.zeros((H, W, 3), np.uint8)
    image[..., 0] = 20 * (label + 1)
    return image, label


def inside(label: Tensor, margin: int = 2) -> Tensor:
    """Pixels farther than `margin` from other labels and the edge, so that no colours blend."""
    x = label.float()[None, None]
    size = 2 * margin + 1
    high = torch.nn.functional.max_pool2d(x, size, 1, margin)
    low = -torch.nn.functional.max_pool2d(-x, size, 1, margin)
    same = torch.zeros_like(label, dtype=torch.bool)
    same[margin:-margin, margin:-margin] = (high == low)[0, 0, margin:-margin, margin:-margin]
    return same


def test_off_is_the_identity() -> None:
    image, label = stripes()
    x, y = augment(image, label, OFF, seed=0)
    assert np.array_equal(x.permute(1, 2, 0), image)
    assert np.array_equal(y, label)


@pytest.mark.parametrize("config", [AugmentConfig(), AugmentConfig(crop="square")], ids=repr)
def test_repeatable_of_fixed_size_and_harmless(config: AugmentConfig) -> None:
    image, label = stripes()
    kept = image.copy(), label.copy()
    size = (H, W) if config.crop == "full" else (H, H)
    views = [augment(image, label, config, seed) for seed in SEEDS]
    for seed, (x, y) in zip(SEEDS, views, strict=True):
        assert (x.shape, x.dtype) == ((3, *size), torch.uint8)
        assert (y.shape, y.dtype) == (size, torch.uint8)
        assert set(y.unique().tolist()) <= {*np.unique(label).tolist(), IGNORE}
        again = augment(image, label, config, seed)
        assert torch.equal(x, again[0])
        assert torch.equal(y, again[1])
    assert len({x.numpy().tobytes() for x, _ in views}) == len(SEEDS)
    assert np.array_equal(image, kept[0])
    assert np.array_equal(label, kept[1])


@pytest.mark.parametrize("scale", [(0.8, 1.2), (0.5, 0.5), (1.7, 1.7)])
def test_the_label_stays_on_its_image(scale: tuple[float, float]) -> None:
    image, label = stripes()
    config = AugmentConfig(scale=scale, jitter=0)
    for seed in SEEDS:
        x, y = augment(image, label, config, seed)
        known = inside(y) & (y != IGNORE)
        assert known.float().mean() > 0.05
        assert torch.equal(x[0][known], 20 * (y[known] + 1))


def test_borders_of_label_and_image_coincide() -> None:
    """If the label were resized by another rule, it would be off by half a pixel on average."""
    offsets = []
    for border in (13, 21, 29, 32, 37, 45):
        image = np.zeros((H, W, 3), np.uint8)
        label = np.zeros((H, W), np.uint8)
        image[:, border:], label[:, border:] = 255, 1
        for percent in range(80, 121, 3):
            config = AugmentConfig(scale=(percent / 100, percent / 100), flip=0, jitter=0)
            x, y = augment(image, label, config, seed=0)
            row, known = H // 2, y[H // 2] != IGNORE
            offsets.append(float((x[0, row][known] / 255 - y[row][known]).sum()))
    assert abs(np.mean(offsets)) < 0.1


def test_pixels_outside_the_image_are_black_and_unknown() -> None:
    image, label = stripes()
    half = AugmentConfig(scale=(0.5, 0.5), flip=0, jitter=0)
    x, y = augment(image, label, half, seed=0)
    unknown = y == IGNORE
    assert unknown.sum() == H * W - (H // 2) * (W // 2)
    assert not x[:, unknown].any()
    assert (y[H // 4 : -H // 4, W // 4 : -W // 4] != IGNORE).all()


def test_padding_after_is_right_and_below_as_in_the_released_code() -> None:
    image, label = stripes()
    values = {"name": "a", "preset": "deal-code", "data": {"name": "camvid", "root": "r"}}
    released = experiment_of({**values, "acquisition": {"name": "de"}}, "here").augment
    half = released.model_copy(
        update={"scale": (0.5, 0.5), "flip": 0, "jitter": 0, "crop": AugmentConfig().crop}
    )
    x, y = augment(image, label, half, seed=0)
    assert (y[: H // 2, : W // 2] != IGNORE).all()
    assert (y[H // 2 :] == IGNORE).all()
    assert (y[:, W // 2 :] == IGNORE).all()
    assert torch.equal(y[: H // 2, : W // 2], torch.from_numpy(label[::2, ::2]))
    assert not x[:, y == IGNORE].any()


def test_the_fixed_order_of_jitter_is_brightness_contrast_saturation() -> None:
    image, label = stripes()
    fixed = AugmentConfig(scale=(1, 1), flip=0, jitter=0.5, jitter_order="fixed")
    differs = 0
    for seed in SEEDS:
        # numpy accepts a generator in place of a seed and continues it.
        rng = np.random.default_rng(seed)
        rng.uniform(1, 1), rng.integers(0, 1), rng.integers(0, 1), rng.random()
        factors = [float(rng.uniform(0.5, 1.5)) for _ in range(3)]
        expected = torch.from_numpy(image).permute(2, 0, 1)
        steps = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation)
        for adjust, factor in zip(steps, factors, strict=True):
            expected = adjust(expected, factor)
        x, _ = augment(image, label, fixed, seed)
        assert torch.equal(x, expected)
        turned = torch.from_numpy(image).permute(2, 0, 1)
        for adjust, factor in reversed(list(zip(steps, factors, strict=True))):
            turned = adjust(turned, factor)
        differs += not torch.equal(turned, x)
    assert differs > 0


def test_flip_follows_its_probability() -> None:
    image, label = stripes()
    config = OFF.model_copy(update={"flip": 0.5})
    flipped = [
        torch.equal(augment(image, label, config, seed)[1], torch.from_numpy(label).flip(1))
        for seed in range(80)
    ]
    assert 20 < sum(flipped) < 60
    always = augment(image, label, OFF.model_copy(update={"flip": 1.0}), 0)
    assert np.array_equal(always[0].permute(1, 2, 0), image[:, ::-1])


def test_jitter_changes_colours_only() -> None:
    image, label = stripes()
    jitter = AugmentConfig(scale=(1, 1), flip=0, jitter=0.5)
    views = [augment(image, label, jitter, seed) for seed in SEEDS]
    assert all(np.array_equal(y, label) for _, y in views)
    means = [x.float().mean().item() for x, _ in views]
    assert np.ptp(means) > 5


@pytest.mark.parametrize(
    "settings",
    [
        {"scale": (1.2, 0.8)},
        {"scale": (0, 1)},
        {"flip": 1.5},
        {"jitter": 1},
        {"crop": "round"},
        {"blur": -0.1},
        {"blur": 1.1},
    ],
)
def test_invalid_settings(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AugmentConfig(**settings)


@pytest.mark.parametrize("crop", ["full", "square"])
def test_blur_comes_last_and_uses_no_random_numbers_when_off(crop: str) -> None:
    """So views without blur are the same as before blur was added."""
    image, label = stripes()
    plain = AugmentConfig(crop=crop)
    assert plain.blur == 0
    blurred = 0
    for seed in SEEDS:
        # numpy accepts a generator in place of a seed and continues it.
        before, after = np.random.default_rng(seed), np.random.default_rng(seed)
        x, y = augment(image, label, plain, before)
        soft, soft_y = augment(image, label, AugmentConfig(crop=crop, blur=1), after)
        assert before.random() < 1  # Whether to blur,
        sigma = before.uniform()  # and how much.
        assert before.bit_generator.state == after.bit_generator.state
        expected = tv.gaussian_blur(x, 7, max(sigma, 1e-3))
        assert torch.equal(soft, expected)
        assert torch.equal(soft_y, y)
        blurred += not torch.equal(soft, x)
    assert blurred > len(SEEDS) / 2


def test_blur_follows_its_probability_and_spares_the_label() -> None:
    image, label = stripes()
    config = OFF.model_copy(update={"blur": 0.5})
    views = [augment(image, label, config, seed) for seed in range(80)]
    assert all(np.array_equal(y, label) for _, y in views)
    changed = [not np.array_equal(x.permute(1, 2, 0), image) for x, _ in views]
    assert 15 < sum(changed) < 60
    # Only borders between colours can change, and only towards the neighbouring colours.
    within = inside(torch.from_numpy(label), margin=4)
    assert within.float().mean() > 0.2
    for x, _ in views:
        assert torch.equal(x[0][within], 20 * (torch.from_numpy(label)[within] + 1))
        assert x[0].min() >= image[..., 0].min()
        assert x[0].max() <= image[..., 0].max()


@pytest.mark.parametrize("channels", [1, 4, 16])
def test_other_channels_go_the_way_of_pictures(channels: int) -> None:
    """Cut, flipped and scaled as a picture is, by the same random numbers, without rounding."""
    image, label = stripes()
    unit = np.repeat(image[..., :1], channels, 2).astype(np.float32) / np.float32(255)
    for seed in SEEDS:
        x, y = augment(unit, label, GEOMETRY, seed)
        expected, where = augment(image, label, GEOMETRY, seed)
        assert x.dtype == torch.float32
        assert x.shape == (channels, *y.shape)
        assert torch.equal(y, where)
        assert float((x * 255 - expected[:1].float()).abs().max()) < 1


def test_brightness_and_contrast_keep_the_relation_of_channels() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0.2, 0.4, (H, W, 4)).astype(np.float32)
    image[..., 3] += 0.2
    label = np.zeros((H, W), np.uint8)
    jitter = AugmentConfig(scale=(1, 1), flip=0, jitter=0.4)
    plain = augment(image, label, OFF, 0)[0]
    means = set()
    for seed in SEEDS:
        x = augment(image, label, jitter, seed)[0]
        assert 0 <= float(x.min()) <= float(x.max()) <= 1
        # Each channel is changed by the same two factors.
        slope, start = np.polyfit(plain[0].flatten().numpy(), x[0].flatten().numpy(), 1)
        torch.testing.assert_close(x[0], plain[0] * float(slope) + float(start), atol=1e-4, rtol=0)
        brighter = x.mean((1, 2)) / plain.mean((1, 2))
        torch.testing.assert_close(brighter, brighter[:1].expand(4), atol=1e-3, rtol=0)
        means.add(round(float(brighter[0]), 3))
    assert len(means) > 10


def test_blur_and_padding_of_other_channels() -> None:
    image = np.full((H, W, 4), 0.5, np.float32)
    label = np.zeros((H, W), np.uint8)
    small = AugmentConfig(scale=(0.5, 0.5), flip=0, jitter=0, blur=1)
    x, y = augment(image, label, small, 1)
    assert x.shape == (4, H, W)
    assert float(x[:, y == IGNORE].min()) == 0  # Black outside of the image.
    assert float(x.max()) == pytest.approx(0.5)
