"""From bytes to arrays, and what is said of bytes that are no image."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from raysal.data.decode import (
    decode_image,
    decode_mask,
    encode_jpeg,
    encode_png,
    header_size,
    image_size,
    resize_mask,
)
from raysal.errors import DataError
from tests.support.fake_datasets import picture

IMAGE, LABEL = picture(0)


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return buffer.getvalue()


def test_png_is_exact_and_jpeg_close() -> None:
    assert np.array_equal(decode_image(encode_png(IMAGE), IMAGE.shape[:2]), IMAGE)
    smooth = np.asarray(Image.fromarray(IMAGE).resize((6, 4)).resize((48, 32)))
    jpeg = decode_image(encode_jpeg(smooth), smooth.shape[:2])
    assert np.abs(jpeg.astype(int) - smooth).mean() < 3
    assert decode_image(encode_png(IMAGE), (9, 7)).shape == (9, 7, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_other_kinds_of_pixels_become_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    data = saved(Image.fromarray(IMAGE).convert(mode), kind)
    assert decode_image(data, (8, 8)).shape == (8, 8, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        encode_png(IMAGE)[:-40],
        encode_jpeg(IMAGE)[:-100],
        encode_jpeg(IMAGE)[:300],
        b"\x00" * 100,
        encode_png(IMAGE)[:60],
    ],
    ids=["empty", "text", "png", "jpeg", "header", "zeros", "png header"],
)
def test_damage_is_a_data_error_of_one_line(data: bytes) -> None:
    for call in (lambda: decode_image(data, (8, 8)), lambda: image_size(data)):
        with pytest.raises(DataError, match=r"truncated or damaged|not a readable image") as error:
            call()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("flip", range(0, 1500, 97))
def test_a_damaged_byte_never_escapes_as_another_error(flip: int) -> None:
    data = bytearray(encode_png(IMAGE))
    data[flip % len(data)] ^= 0x5A
    with contextlib.suppress(DataError):
        assert decode_image(bytes(data), (8, 8)).shape == (8, 8, 3)


def test_header_size_reads_no_pixels() -> None:
    assert header_size(encode_jpeg(IMAGE)[:700]) == IMAGE.shape[:2]
    with pytest.raises(DataError):
        image_size(encode_jpeg(IMAGE)[:700])


def test_masks_are_ids_not_colours() -> None:
    grey = encode_png(LABEL)
    palette = Image.fromarray(LABEL).convert("P")
    palette.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0] + [0] * 759)
    deep = Image.fromarray(LABEL.astype(np.uint16))
    for data in (grey, saved(palette), saved(deep)):
        assert np.array_equal(decode_mask(data), LABEL)
    with pytest.raises(DataError, match="one channel of class ids, this one is RGB"):
        decode_mask(encode_png(IMAGE))
    with pytest.raises(DataError, match="class id 300 is outside 0"):
        decode_mask(saved(Image.fromarray(np.full((4, 4), 300, np.uint16))))
    with pytest.raises(DataError, match="truncated"):
        decode_mask(grey[:-40])


def test_resizing_a_mask_invents_no_class() -> None:
    mask = np.array([[0, 9], [255, 3]], np.uint8)
    large = resize_mask(mask, (8, 10))
    assert set(np.unique(large)) == {0, 3, 9, 255}
    assert np.array_equal(large[::4, ::5], mask)
    assert resize_mask(mask, (2, 2)) is mask
