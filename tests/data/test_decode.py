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


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (bytes(500), "only zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"/annex/objects/SHA256E-s1--0.jpg\n", "git annex get"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photo, .* convert it to JPEG or PNG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC photo"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "a file of type 'isom'"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>404</html>", "an HTML page"),
        (b"\n <HTML><body>", "an HTML page"),
        (b"<svg xmlns=''/>", "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript document"),
        (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
        (b"\0\5\x16\7" + bytes(100), "what macOS keeps beside a file"),
        (b"\x93NUMPY\1\0", "a NumPy array"),
        (b"just text", "no image format that raysal reads"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:20],
)
def test_what_is_no_image_is_called_by_its_name(data: bytes, what: str) -> None:
    for call in (lambda: decode_image(data, (8, 8)), lambda: header_size(data)):
        with pytest.raises(DataError, match=rf"^not a readable image \(.*{what}") as caught:
            call()
        assert "0x" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "QOI"])
@pytest.mark.parametrize("kept", [12, 30, 0.5])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_cut_image_is_called_truncated(kind: str, kept: float) -> None:
    data = saved(Image.fromarray(IMAGE), kind)
    cut = data[: int(kept * len(data)) if kept < 1 else int(kept)]
    with pytest.raises(DataError, match=r"^truncated or damaged image") as caught:
        image_size(cut)
    assert "0x" not in str(caught.value)


def test_more_megapixels_than_allowed() -> None:
    data = saved(Image.new("L", (1100, 1000)))
    assert image_size(data, 1.1) == (1000, 1100)
    for call in (image_size, header_size, lambda data, most: decode_image(data, (8, 8), most)):
        with pytest.raises(
            DataError, match=r"1.1 megapixels \(1000 x 1100.* limit of 1; .*raise data"
        ):
            call(data, 1)


def test_a_picture_beyond_pillows_own_limit() -> None:
    header_size(encode_png(IMAGE))
    assert Image.MAX_IMAGE_PIXELS is None
    data = saved(Image.new("1", (14000, 13000)))
    with pytest.raises(DataError, match=r"its 182 megapixels .* limit of 179"):
        header_size(data)
    assert header_size(data, 183) == (13000, 14000)
