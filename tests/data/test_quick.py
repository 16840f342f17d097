"""Shortcuts for pictures: the numbers are Pillow's, or nearly so, and so is what is refused."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from raysal.data.decode import decode_image, encode_png
from raysal.data.opening import opened
from raysal.data.pixel_format import PixelFormat
from raysal.data.pixels import as_rgb, upright
from raysal.data.quick import resize_rgb, rgb_of_jpeg, rgb_of_shrunk_jpeg
from raysal.errors import DataError

SCALED = PixelFormat(decode="scaled")
GENERATOR = np.random.default_rng(0)
# Smooth with some grain, as photos are; of odd sides.
COARSE = Image.fromarray(GENERATOR.integers(0, 256, (9, 13, 3), np.uint8))
PHOTO = COARSE.resize((161, 93), Image.Resampling.BICUBIC)
KINDS: dict[str, dict[str, object]] = {
    "4:2:0": {},
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 4},
    "stored as RGB": {"keep_rgb": True},
    "poor": {"quality": 20, "optimize": True},
}


def jpeg(orientation: int = 1, image: Image.Image = PHOTO, **options: object) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(buffer, "JPEG", exif=exif, **options)
    return buffer.getvalue()


def by_pillow(data: bytes) -> np.ndarray:
    with opened(data) as image:
        return np.asarray(as_rgb(upright(image, data)))


def outcome(read: object, data: bytes) -> np.ndarray | str:
    try:
        return read(data)  # type: ignore[operator, no-any-return]
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_has_the_numbers_of_pillow(kind: str) -> None:
    data = jpeg(**KINDS[kind])
    with opened(data) as image:
        assert (rgb_of_jpeg(image, data) is None) == (kind == "progressive")
    assert np.array_equal(decode_image(data, None), by_pillow(data))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int) -> None:
    data = jpeg(orientation)
    expected = by_pillow(data)
    assert expected.shape[:2] == ((161, 93) if orientation > 4 else (93, 161))
    assert np.array_equal(decode_image(data, None), expected)
    small = expected.shape[0] // 4, expected.shape[1] // 4
    scaled = decode_image(data, small, pixels=SCALED).astype(int)
    assert np.abs(scaled - decode_image(data, small)).mean() < 3


def test_the_first_picture_of_several() -> None:
    buffer = io.BytesIO()
    PHOTO.save(buffer, "MPO", save_all=True, append_images=[PHOTO.reduce(2)])
    data = buffer.getvalue()
    assert np.array_equal(decode_image(data, None), by_pillow(data))


def test_what_is_damaged_is_refused_as_by_pillow() -> None:
    """Cut, and with wrong bytes; a preview in the metadata has an end of its own."""
    small = jpeg(image=PHOTO.resize((24, 16)))
    with_preview = small[:2] + b"\xff\xe5" + (len(small) + 2).to_bytes(2, "big") + small + small[2:]
    refused = 0
    for seed, data in enumerate([jpeg(), with_preview, jpeg(restart_marker_blocks=4)] * 50):
        generator = np.random.default_rng(seed)
        wrong = bytearray(data)
        if seed % 2:
            wrong = wrong[: generator.integers(len(data) // 4, len(data))]
        else:
            for place in generator.integers(0, len(wrong), 3):
                wrong[place] = generator.integers(256)
        found = outcome(lambda d: decode_image(d, None), bytes(wrong))
        expected = outcome(by_pillow, bytes(wrong))
        assert np.array_equal(found, expected), seed
        refused += isinstance(expected, str)
    assert 50 < refused < 150


def test_halving_gives_the_numbers_of_pillow_and_other_sizes_nearly() -> None:
    assert sys.modules["torch"] is torch  # Without it, Pillow resizes.
    rgb = np.asarray(PHOTO.resize((160, 96)))
    for size in ((48, 80), (24, 40), (31, 47), (60, 150), (150, 201)):
        plain = np.asarray(Image.fromarray(rgb).resize(size[::-1], Image.Resampling.BILINEAR))
        difference = np.abs(resize_rgb(rgb, size).astype(int) - plain)
        assert difference.max() <= (0 if size in ((48, 80), (24, 40)) else 1), size
        assert difference.mean() < (0.08 if size == (60, 150) else 0.005)
    assert resize_rgb(rgb, (96, 160)) is rgb


def test_without_torch_pillow_resizes(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb = np.asarray(PHOTO)
    plain = np.asarray(PHOTO.resize((47, 31), Image.Resampling.BILINEAR))
    monkeypatch.delitem(sys.modules, "torch")
    assert np.array_equal(resize_rgb(rgb, (31, 47)), plain)


@pytest.mark.parametrize("size", [(46, 80), (47, 81), (24, 41), (23, 40), (12, 21), (5, 7)])
def test_scaled_is_near_what_is_resized(size: tuple[int, int]) -> None:
    data = jpeg()
    with opened(data) as image:
        small = rgb_of_shrunk_jpeg(image, size)
    if size == (47, 81):
        assert small is None  # More than half of 93 x 161.
        return
    assert small is not None
    assert small.shape == (*size, 3)
    assert np.array_equal(decode_image(data, size, pixels=SCALED), small)
    assert np.abs(small.astype(int) - decode_image(data, size)).mean() < 3


def test_scaled_changes_only_small_jpegs() -> None:
    data, png = jpeg(), encode_png(np.asarray(PHOTO))
    for file, size in ((data, None), (data, (60, 90)), (data, (20, 161)), (png, (20, 30))):
        assert np.array_equal(decode_image(file, size, pixels=SCALED), decode_image(file, size))


def test_scaled_refuses_what_is_damaged_or_too_large() -> None:
    data = jpeg()
    with pytest.raises(DataError, match="truncated"):
        decode_image(data[:-40], (20, 30), pixels=SCALED)
    with pytest.raises(DataError, match="megapixels"):
        decode_image(data, (20, 30), 0.01, SCALED)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_scaled_reads_other_jpegs(mode: str) -> None:
    data = jpeg(image=PHOTO.convert(mode))
    small = decode_image(data, (20, 30), pixels=SCALED).astype(int)
    assert np.abs(small - decode_image(data, (20, 30))).mean() < 3


def test_what_earlier_versions_wrote_stays() -> None:
    assert "decode" not in PixelFormat().dump()
    assert PixelFormat.model_validate(SCALED.dump()) == SCALED
    for other in ({"channels": 4}, {"range": (0, 9)}):
        with pytest.raises(ValueError, match="decode: scaled is for pictures"):
            PixelFormat(decode="scaled", **other)
