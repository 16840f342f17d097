"""What people see of images that are no ordinary pictures."""

from __future__ import annotations

import numpy as np
import pytest

from raysal.data.decode import decode_image, encode_jpeg, encode_png
from raysal.data.pixel_format import PixelFormat
from raysal.data.visible import is_plain, stretched, visible, visible_image
from tests.support.channel_files import deep_png, numbers, pages, tiff
from tests.support.fake_datasets import picture

RAMP = np.linspace(1000, 3000, 10_000).reshape(100, 100).astype(np.uint16)


def test_a_channel_is_stretched_between_its_percentiles() -> None:
    shown = stretched(RAMP)
    assert (shown.min(), shown.max()) == (0, 255)
    assert (shown == 0).mean() == pytest.approx(0.02, abs=0.005)
    assert (shown == 255).mean() == pytest.approx(0.02, abs=0.005)
    hot = RAMP.copy()
    hot[0, 0] = 65535  # One hot pixel does not make all others black.
    assert np.abs(stretched(hot).astype(int) - shown)[1:].max() <= 1


def test_a_constant_channel_and_one_with_few_values() -> None:
    assert not stretched(np.full((9, 9), 7, np.uint16)).any()
    rare = np.zeros((100, 100), np.uint16)
    rare[0, 0] = 50
    assert stretched(rare)[0, 0] == 255
    large = np.tile(RAMP, (20, 20))  # Not all of its pixels are looked at.
    assert np.abs(stretched(large)[:100, :100].astype(int) - stretched(RAMP)).max() <= 2


@pytest.mark.parametrize("encode", [encode_png, encode_jpeg])
def test_ordinary_pictures_stay_as_they_are(encode: object) -> None:
    image, label = picture(0)
    data = encode(image)  # type: ignore[operator]
    assert is_plain(data)
    assert np.array_equal(visible_image(data, (9, 7)), decode_image(data, (9, 7)))
    grey = encode_png(label)
    assert np.array_equal(visible_image(grey, None), decode_image(grey, None))
    assert visible(image) is image


def test_the_first_three_channels_or_those_that_were_chosen() -> None:
    values = numbers(20, 30, 6)
    data = tiff(values)
    assert not is_plain(data)
    planes = np.stack([stretched(values[..., c]) for c in range(6)], -1)
    assert np.array_equal(visible_image(data, None), planes[..., :3])
    for show in ((5, 0, 3), (4,)):
        pixels = PixelFormat(channels=6, show=show)
        expected = planes[..., show if len(show) == 3 else show * 3]
        assert np.array_equal(visible_image(data, None, pixels=pixels), expected)
    assert visible_image(data, (5, 7)).shape == (5, 7, 3)


@pytest.mark.parametrize(
    ("data", "channel"),
    [
        (tiff(RAMP[..., None]), RAMP),
        (deep_png(RAMP[..., None]), RAMP),
        (tiff(np.stack([RAMP, RAMP[::-1]], -1)), RAMP),
        (pages(np.stack([RAMP, RAMP[::-1]])), RAMP),
    ],
    ids=["tiff", "png", "two channels", "pages"],
)
def test_fewer_channels_are_grey(data: bytes, channel: np.ndarray) -> None:
    shown = visible_image(data, None)
    assert all(np.array_equal(shown[..., c], stretched(channel)) for c in range(3))


def test_decoded_images_look_like_their_files() -> None:
    data = tiff(numbers(20, 30, 4))
    pixels = PixelFormat(channels=4, range=(0, 65535), show=(3, 1, 0))
    decoded = visible(decode_image(data, None, pixels=pixels), pixels.show)
    assert np.abs(decoded.astype(int) - visible_image(data, None, pixels=pixels)).max() <= 1


def test_alpha_is_shown_only_where_it_is_asked_for() -> None:
    values = numbers(20, 30, 4, np.uint8)
    data = tiff(values, photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(visible_image(data, None), values[..., :3])
    infrared = visible_image(data, None, pixels=PixelFormat(channels=4, show=(3,)))
    assert np.array_equal(infrared[..., 0], stretched(values[..., 3]))
