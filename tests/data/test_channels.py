"""Images of 1 to 16 channels with 8 or 16 bits."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raysal.data.channels import describe, read_stored
from raysal.data.decode import (
    decode_image,
    decode_mask,
    examine,
    header_size,
    image_size,
    read_window,
    resize_image,
)
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.errors import ChannelsError, DataError
from tests.support.channel_files import deep_png, numbers, pages, tiff

H, W = 40, 52
WINDOW = (9, 5, 20, 33)
ORIENTED = {1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True)}


def cut(array: np.ndarray) -> np.ndarray:
    row, col, height, width = WINDOW
    return array[row : row + height, col : col + width]


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


LAYOUTS = [
    {},
    {"rowsperstrip": 16},
    {"tile": (16, 32)},
    {"planarconfig": "separate", "tile": (16, 32)},
    {"planarconfig": "separate", "rowsperstrip": 7},
    {"compression": "lzw", "predictor": True, "rowsperstrip": 16},
    {"compression": "zlib", "tile": (16, 16), "bigtiff": True},
    {"compression": "zstd", "planarconfig": "separate", "bigtiff": True, "rowsperstrip": 9},
    {"byteorder": ">", "rowsperstrip": 8},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize(("channels", "kind"), [(2, np.uint8), (4, np.uint16), (16, np.uint16)])
def test_a_tiff_is_read_as_stored_and_windows_are_its_parts(
    layout: dict, channels: int, kind: type, tmp_path: Path
) -> None:
    values = numbers(H, W, channels, kind)
    data = tiff(values, **layout)
    pixels = PixelFormat(channels=channels)
    assert np.array_equal(read_stored(data).values_HWD, values)
    assert describe(data) == (H, W, channels, 8 * np.dtype(kind).itemsize, False)
    whole = decode_image(data, None, pixels=pixels)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, values / np.iinfo(kind).max, atol=1e-6)
    file = tmp_path / "a.tif"
    file.write_bytes(data)
    for source in (data, file):
        assert np.array_equal(read_window(source, WINDOW, pixels=pixels), cut(whole))
    assert image_size(data) == header_size(data) == (H, W)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}], ids=str)
def test_orientation_turns_all_channels_and_windows(orientation: int, layout: dict) -> None:
    shown = numbers(H, W, 4)
    stored = {
        1: shown, 2: shown[:, ::-1], 3: shown[::-1, ::-1], 4: shown[::-1],
        5: shown.swapaxes(0, 1), 6: np.rot90(shown, 1), 7: shown[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(shown, -1),
    }[orientation]  # fmt: skip
    data = tiff(np.ascontiguousarray(stored), orientation=orientation, **layout)
    pixels = PixelFormat(channels=4)
    assert np.array_equal(read_stored(data).values_HWD, shown)
    assert describe(data)[:2] == header_size(data) == examine(data)[:2] == (H, W)
    whole = decode_image(data, None, pixels=pixels)
    assert np.array_equal(read_window(data, WINDOW, pixels=pixels), cut(whole))
    mask = tiff(
        np.ascontiguousarray(stored[..., :1] >> 8).astype(np.uint8), orientation=orientation
    )
    assert np.array_equal(decode_mask(mask), (shown[..., 0] >> 8).astype(np.uint8))


def test_a_window_decodes_only_its_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(tiff(numbers(64, 64, 4), tile=(16, 16), compression="zlib"))
    whole = read_stored(bytes(data)).values_HWD
    import tifffile

    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        first = file.pages[0].dataoffsets[0]
    data[first : first + 40] = b"\xff" * 40  # The first tile is damaged, others are not read.
    pixels = PixelFormat(channels=4)
    found = read_window(bytes(data), (20, 20, 30, 30), pixels=pixels)
    np.testing.assert_allclose(found, whole[20:50, 20:50] / 65535, atol=1e-6)
    with pytest.raises(DataError, match="damaged"):
        read_window(bytes(data), (0, 0, 30, 30), pixels=pixels)


@pytest.mark.parametrize("window", [(-1, 0, 4, 4), (0, 0, 0, 4), (H - 3, 0, 4, 4), (0, W, 1, 1)])
@pytest.mark.parametrize(
    "data", [tiff(numbers(H, W, 4)), deep_png(numbers(H, W, 4))], ids=["tiff", "png"]
)
def test_a_window_outside_the_image_is_refused(window: tuple, data: bytes) -> None:
    with pytest.raises(DataError, match=r"not inside the image of 40 x 52"):
        read_window(data, window, pixels=PixelFormat(channels=4))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_16_bits_in_full_depth(channels: int) -> None:
    values = numbers(H, W, channels)
    data = deep_png(values)
    assert np.array_equal(read_stored(data).values_HWD, values)
    assert describe(data) == (H, W, channels, 16, channels in (2, 4))
    pixels = PixelFormat(channels=channels, range=(0, 65535))
    found = read_window(data, WINDOW, pixels=pixels)
    np.testing.assert_allclose(found, cut(values) / 65535, atol=1e-6)
    with pytest.raises(DataError, match="truncated or damaged"):
        read_stored(data[:-300])


def test_grey_pages_are_channels_where_so_many_are_wanted() -> None:
    planes = np.moveaxis(numbers(H, W, 5), -1, 0)
    data = pages(planes)
    for channels in (1, 4, 6):
        assert read_stored(data, channels).values_HWD.shape == (H, W, 1)
    assert np.array_equal(read_stored(data, 5).values_HWD, np.moveaxis(planes, 0, -1))
    pixels = PixelFormat(channels=5)
    assert describe(data, 5).channels == 5
    assert not examine(data, pixels=pixels).has_more_frames
    assert examine(data).has_more_frames
    whole = decode_image(data, None, pixels=pixels)
    assert np.array_equal(read_window(data, WINDOW, pixels=pixels), cut(whole))


@pytest.mark.parametrize(
    ("data", "channels", "values"),
    [
        (saved(Image.new("1", (2, 2), 1)), 1, [255]),
        (saved(Image.new("L", (2, 2), 7)), 1, [7]),
        (saved(Image.new("LA", (2, 2), (7, 9))), 1, [7]),
        (saved(Image.new("LA", (2, 2), (7, 9))), 2, [7, 9]),
        (saved(Image.new("RGBA", (2, 2), (1, 2, 3, 4))), 4, [1, 2, 3, 4]),
        (saved(Image.new("RGB", (2, 2), (1, 2, 3)).convert("P", palette=1)), 3, None),
        (saved(Image.new("CMYK", (2, 2), (0, 255, 0, 0)), "TIFF"), 3, [255, 0, 255]),
        (tiff(np.full((2, 2, 1), 200, np.uint8), photometric="miniswhite"), 1, [55]),
        (tiff(np.full((2, 2, 1), 9, np.uint16), photometric="miniswhite"), 1, [65526]),
        (tiff(np.full((2, 2, 1), 70, np.int32)), 1, [70]),
    ],
    ids=["1", "L", "LA as 1", "LA as 2", "RGBA", "P", "CMYK", "white 8", "white 16", "int32"],
)  # fmt: skip
def test_one_rule_for_each_kind(data: bytes, channels: int, values: list[int] | None) -> None:
    span = (0.0, 65535.0)
    found = decode_image(data, None, pixels=PixelFormat(channels=channels, range=span))
    assert found.shape == (2, 2, channels)
    if values is not None:
        assert np.round(found[0, 0] * 65535).tolist() == values


def test_a_palette_has_the_colours_of_its_picture() -> None:
    picture = Image.fromarray(numbers(H, W, 3, np.uint8)).quantize(16)
    for kind in ("PNG", "TIFF"):
        data = saved(picture, kind)
        expected = np.asarray(picture.convert("RGB")) / 255
        pixels = PixelFormat(channels=3, range=(0, 255))
        np.testing.assert_allclose(decode_image(data, None, pixels=pixels), expected, atol=1e-6)


def test_colours_of_16_bits_in_planes_are_no_noise() -> None:
    """Pillow 13 reads them wrongly, without saying so."""
    values = numbers(H, W, 3)
    for layout in (
        {},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "tile": (16, 16)},
    ):
        data = tiff(values, photometric="rgb", **layout)
        assert np.array_equal(decode_image(data, None), values >> 8)
        assert np.array_equal(read_window(data, WINDOW), cut(values >> 8))


def test_values_become_0_to_1_by_the_range() -> None:
    data = tiff(np.array([[[100], [1100], [2100], [4000]]], np.uint16))
    pixels = PixelFormat(channels=1, range=(100, 2100))
    assert decode_image(data, None, pixels=pixels)[0, :, 0].tolist() == [0, 0.5, 1, 1]
    as_16 = decode_image(data, None, pixels=PixelFormat(channels=1))
    assert as_16[0, 3, 0] == pytest.approx(4000 / 65535)
    eight = tiff(np.array([[[51]]], np.uint8))
    assert decode_image(eight, None, pixels=PixelFormat(channels=1))[0, 0, 0] == pytest.approx(0.2)


def test_resizing_is_that_of_pictures_channel_by_channel() -> None:
    values = numbers(H, W, 3, np.uint8)
    size = (13, 17)
    expected = decode_image(saved(Image.fromarray(values)), size)
    data = tiff(values, photometric="rgb")
    small = decode_image(data, size, pixels=PixelFormat(channels=3, range=(0, 255)))
    assert np.abs(small * 255 - expected).max() < 1  # Pictures are rounded after each direction.
    whole = decode_image(data, None, pixels=PixelFormat(channels=3, range=(0, 255)))
    assert np.array_equal(resize_image(whole, size), small)


@pytest.mark.parametrize(
    ("data", "pixels", "message"),
    [
        (tiff(numbers(H, W, 4)), RGB, "it has 4 channels, data.channels is 3"),
        (tiff(numbers(H, W, 5, np.uint8)), RGB, "it has 5 channels, data.channels is 3"),
        (tiff(numbers(H, W, 3)), PixelFormat(channels=4), "3 channels, data.channels is 4"),
        (tiff(numbers(H, W, 1)), PixelFormat(channels=2), "1 channel, data.channels is 2"),
        (deep_png(numbers(H, W, 3)), PixelFormat(channels=1), "3 channels, data.channels is 1"),
    ],
    ids=["4 as 3", "5 as 3", "3 as 4", "1 as 2", "PNG as 1"],
)
def test_other_channels_are_refused(data: bytes, pixels: PixelFormat, message: str) -> None:
    for call in (
        lambda: decode_image(data, (9, 9), pixels=pixels),
        lambda: read_window(data, WINDOW, pixels=pixels),
        lambda: examine(data, pixels=pixels),
    ):
        with pytest.raises(ChannelsError, match=message):
            call()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 4, 2), np.float32), "floating-point numbers"),
        (np.full((4, 4, 2), -1, np.int16), "from -1 to -1, not within 0..65535"),
        (np.full((4, 4, 2), 70_000, np.uint32), "not within 0..65535"),
        (np.zeros((4, 4, 2), np.complex64), "unusual type"),
        (np.zeros((4, 4, 17), np.uint8), "it has 17 channels; at most 16"),
    ],
)
def test_other_types_are_refused_in_one_line(values: np.ndarray, message: str) -> None:
    data = tiff(values)
    with pytest.raises(DataError, match=message) as error:
        decode_image(data, None, pixels=PixelFormat(channels=2))
    assert "\n" not in str(error.value)


def test_floating_point_is_refused_as_a_picture_and_in_pools() -> None:
    for channels in (1, 3, 4):
        data = tiff(np.zeros((4, 4, channels), np.float32))
        for call in (lambda d=data: decode_image(d, None), lambda d=data: examine(d)):
            with pytest.raises(DataError) as error:
                call()
            assert "\n" not in str(error.value)


def test_a_small_file_that_claims_to_be_large_is_refused() -> None:
    data = tiff(numbers(H, W, 4), tile=(16, 16))
    with pytest.raises(DataError, match=r"megapixels .* more than the limit"):
        decode_image(data, None, 0.001, PixelFormat(channels=4))
    with pytest.raises(DataError, match=r"more than the limit"):
        read_window(data, WINDOW, 0.0001, PixelFormat(channels=4))


@pytest.mark.parametrize("layout", [{}, {"compression": "lzw", "tile": (16, 16)}], ids=str)
def test_a_cut_or_damaged_tiff_is_one_line(layout: dict) -> None:
    data = tiff(numbers(H, W, 4), **layout)
    pixels = PixelFormat(channels=4)
    for length in range(0, len(data), len(data) // 9):
        with pytest.raises(DataError) as error:
            decode_image(data[:length], None, pixels=pixels)
        assert "\n" not in str(error.value)
    rng = np.random.default_rng(0)
    for place in rng.integers(0, 400, 30).tolist():
        changed = bytearray(data)
        changed[place] ^= int(rng.integers(1, 256))
        for call in (decode_image, lambda d, _, pixels: read_window(d, WINDOW, pixels=pixels)):
            with contextlib.suppress(DataError):
                call(bytes(changed), None, pixels=pixels)


def test_masks_of_many_classes_are_refused() -> None:
    many = tiff(np.array([[[3], [300]]], np.uint16))
    with pytest.raises(DataError, match=r"class id 300 is outside 0..255; at most 255 classes"):
        decode_mask(many)
    few = tiff(np.array([[[3], [255]]], np.uint16), compression="zlib")
    assert decode_mask(few).tolist() == [[3, 255]]
    with pytest.raises(DataError, match="one channel of class ids, this one has 2"):
        decode_mask(tiff(numbers(4, 4, 2)))
