"""Every way to store pixels gives the picture that it shows, or one line that refuses it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from raysal.data.decode import (
    IMAGE_SUFFIXES,
    decode_image,
    decode_mask,
    encode_jpeg,
    encode_png,
    examine,
    header_size,
    image_size,
    refuse_lossy,
)
from raysal.data.opening import SUFFIXES_OF
from raysal.errors import DataError
from tests.support.fake_datasets import picture

IMAGE, LABEL = picture(0)
H, W = IMAGE.shape[:2]
GREY = np.arange(H * W, dtype=np.uint16).reshape(H, W) * 42
T = Image.Transpose
# How the upright picture must be turned to be stored with each orientation.
STORED = {
    2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
    6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270,
}  # fmt: skip


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def turned(array: np.ndarray, orientation: int, kind: str, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(Image.fromarray(array).transpose(STORED[orientation]), kind, exif=exif, **options)


def png(bits: int, colour_type: int, rows: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of packed rows (H, bytes), which Pillow cannot write for every depth."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    width = rows.shape[1] * 8 // bits // channels
    header = struct.pack(">IIBBBBB", width, len(rows), bits, colour_type, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def full(data: bytes) -> np.ndarray:
    return decode_image(data, image_size(data))


def grey(values: np.ndarray | list) -> np.ndarray:
    """The picture of 8-bit grey values."""
    return np.repeat(np.asarray(values, np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_turns_image_size_and_header_alike(kind: str, orientation: int) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(kind, {})
    data = turned(IMAGE, orientation, kind, **options)
    assert header_size(data) == image_size(data) == (H, W)
    got = decode_image(data, (H, W))
    if kind == "JPEG":
        assert np.abs(got.astype(int) - IMAGE).mean() < 8
    else:
        assert np.array_equal(got, IMAGE)
    small = decode_image(data, (H // 2, W // 2))
    assert np.abs(small.astype(int) - decode_image(encode_png(IMAGE), (H // 2, W // 2))).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_orientation_turns_masks(kind: str, orientation: int, dtype: type) -> None:
    ids = np.arange(24, dtype=dtype).reshape(4, 6)
    assert np.array_equal(decode_mask(turned(ids, orientation, kind)), ids)


def test_orientation_after_the_pixels_and_in_xmp() -> None:
    data = turned(IMAGE, 6, "PNG")
    place = data.index(b"eXIf") - 4
    end = place + 12 + int.from_bytes(data[place : place + 4], "big")
    late = data[:place] + data[end:-12] + data[place:end] + data[-12:]
    assert header_size(late) == image_size(late) == (H, W)
    assert np.array_equal(decode_image(late, (H, W)), IMAGE)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    data = saved(Image.fromarray(IMAGE).rotate(180), "WEBP", lossless=True, xmp=xmp)
    assert np.array_equal(full(data), IMAGE)


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_orientation_that_means_nothing_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(full(saved(Image.fromarray(IMAGE), exif=exif)), IMAGE)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_metadata_does_not_harm_the_picture() -> None:
    whole = encode_jpeg(IMAGE)
    for exif in (
        b"Exif\0\0junk",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x40",
    ):
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        data = whole[:2] + segment + whole[2:]
        assert header_size(data) == (H, W)
        assert np.array_equal(decode_image(data, (H, W)), decode_image(whole, (H, W)))


def test_16_bits_are_scaled_to_the_high_byte() -> None:
    want = grey(GREY >> 8)
    assert len(np.unique(want)) > 200
    big_endian = saved(Image.frombytes("I;16B", (W, H), GREY.astype(">u2").tobytes()), "TIFF")
    pgm = b"P5 %d %d 65535\n" % (W, H) + GREY.astype(">u2").tobytes()
    wide = saved(Image.fromarray(GREY.astype(np.int32)), "TIFF")
    for data in (
        saved(Image.fromarray(GREY)),
        saved(Image.fromarray(GREY), "TIFF"),
        big_endian,
        pgm,
        wide,
    ):
        assert np.array_equal(full(data), want)
    eight = full(encode_png((GREY >> 8).astype(np.uint8)))
    assert np.array_equal(full(saved(Image.fromarray((GREY >> 8) * 257))), eight)
    # 12 bits in a PGM that says so are the whole range.
    twelve = b"P5 2 1 4095\n" + np.array([0, 4095], ">u2").tobytes()
    assert full(twelve).tolist() == [[[0] * 3, [255] * 3]]


def test_16_bits_per_channel_are_scaled_to_the_high_byte() -> None:
    deep = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=2)
    rows = deep.astype(">u2").reshape(H, -1).view(np.uint8)
    assert np.array_equal(full(png(16, 2, rows)), (deep >> 8).astype(np.uint8))
    alpha = np.dstack([deep, np.full_like(GREY, 300)]).astype(">u2").reshape(H, -1).view(np.uint8)
    assert np.array_equal(full(png(16, 6, alpha)), (deep >> 8).astype(np.uint8))
    two = np.dstack([GREY, np.zeros_like(GREY)]).astype(">u2").reshape(H, -1).view(np.uint8)
    assert np.array_equal(full(png(16, 4, two)), grey(GREY >> 8))


@pytest.mark.parametrize(
    ("bits", "rows", "ids"),
    [
        (1, [[0b10100000]], [[1, 0, 1, 0, 0, 0, 0, 0]]),
        (2, [[0b00011011], [0b11000000]], [[0, 1, 2, 3], [3, 0, 0, 0]]),
        (4, [[0x0F, 0x35], [0x10, 0xE0]], [[0, 15, 3, 5], [1, 0, 14, 0]]),
        (8, [[0, 200, 7]], [[0, 200, 7]]),
    ],
)
def test_few_bits_are_spread_in_pictures_and_kept_in_masks(
    bits: int, rows: list, ids: list
) -> None:
    packed, stored = np.array(rows, np.uint8), np.array(ids)
    data = png(bits, 0, packed)
    assert np.array_equal(full(data), grey(stored * (255 // (2**bits - 1))))
    assert np.array_equal(decode_mask(data), stored)
    colours = np.random.default_rng(1).integers(0, 256, (2**bits, 3)).astype(np.uint8)
    data = png(bits, 3, packed, (b"PLTE", colours.tobytes()), (b"tRNS", b"\0\x80"))
    assert np.array_equal(full(data), colours[stored])
    assert np.array_equal(decode_mask(data), stored)


def test_alpha_and_transparency_are_dropped() -> None:
    alpha = (np.arange(H * W).reshape(H, W) % 256).astype(np.uint8)
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        data = saved(Image.fromarray(np.dstack([IMAGE, alpha])), kind, **options)
        assert np.array_equal(full(data), IMAGE)
    low = IMAGE[..., 0]
    assert np.array_equal(full(saved(Image.fromarray(np.dstack([low, alpha])))), grey(low))
    assert np.array_equal(full(saved(Image.fromarray(IMAGE), transparency=(1, 2, 3))), IMAGE)
    assert np.array_equal(full(saved(Image.fromarray(low), transparency=9)), grey(low))
    one = Image.fromarray(LABEL).convert("P")
    one.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    want = np.array([[9, 9, 9], [200, 0, 0], [0, 200, 0]], np.uint8)[LABEL]
    for kind in ("PNG", "GIF"):
        assert np.array_equal(full(saved(one, kind, transparency=1)), want)


def test_cmyk_is_ink_also_where_adobe_inverts_it() -> None:
    ink = np.random.default_rng(2).integers(0, 256, (H, W, 4)).astype(np.uint8)
    ink = np.asarray(Image.fromarray(ink, "CMYK").resize((4, 4)).resize((W, H)))
    colours, black = ink[..., :3].astype(int), ink[..., 3:].astype(int)
    want = (255 - colours) * (255 - black) / 255
    tiff = full(saved(Image.fromarray(ink, "CMYK"), "TIFF"))
    assert np.abs(tiff - want).max() <= 1
    jpeg = saved(Image.fromarray(ink, "CMYK"), "JPEG", quality=100)
    assert b"Adobe" in jpeg
    assert np.abs(full(jpeg) - want).mean() < 3
    assert full(saved(Image.new("CMYK", (2, 2)), "JPEG")).tolist() == [[[255] * 3] * 2] * 2


def test_ycbcr_is_converted() -> None:
    colour = Image.new("RGB", (4, 4), (200, 30, 90)).convert("YCbCr")
    assert np.abs(full(saved(colour, "TIFF")).astype(int) - (200, 30, 90)).max() <= 2
    assert np.abs(full(saved(colour, "JPEG")).astype(int) - (200, 30, 90)).max() <= 3


def test_ordinary_jpegs_are_read_as_before() -> None:
    data = encode_jpeg(IMAGE)
    with Image.open(io.BytesIO(data)) as image:
        plain = image.convert("RGB").resize((20, 12), Image.Resampling.BILINEAR)
    difference = np.abs(decode_image(data, (12, 20)).astype(int) - np.asarray(plain))
    assert difference.max() <= 1  # See `raysal.data.quick`.
    assert (difference > 0).mean() < 0.005


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_is_read_and_others_are_noticed(kind: str) -> None:
    first, second = (Image.new("P", (6, 4), 1) for _ in range(2))
    first.putpalette([0, 0, 0, 200, 100, 50])
    second.putpalette([0, 0, 0, 1, 2, 3])
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(first, kind, save_all=True, append_images=[second], **options)
    assert (full(data) == (200, 100, 50)).all()
    assert examine(data).has_more_frames
    assert not examine(saved(first, kind, **options)).has_more_frames


def test_further_pictures_in_a_jpeg_are_no_frames() -> None:
    photo = Image.fromarray(IMAGE)
    data = saved(photo, "MPO", save_all=True, append_images=[photo.reduce(2)])
    assert examine(data) == (H, W, False)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG"])
def test_a_damaged_second_frame_is_no_damage_of_the_first(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), np.uint8)
    first, second = map(Image.fromarray, noise)
    data = saved(first, kind, save_all=True, append_images=[second])
    assert examine(data[:-500]) == (60, 80, True)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("F", (2, 2), 0.5), "floating-point numbers, of which it is not known"),
        (Image.new("I", (2, 2), 70_000), "numbers from 70000 to 70000, not within 0..65535"),
        (Image.new("I", (2, 2), -1), "numbers from -1 to -1, not within 0..65535"),
        (Image.new("LAB", (2, 2)), "its pixels are LAB; save it as RGB"),
    ],
    ids=["float", "large", "negative", "LAB"],
)
def test_pixels_of_unknown_meaning_are_refused(image: Image.Image, message: str) -> None:
    data = saved(image, "TIFF")
    for call in (lambda: decode_image(data, (2, 2)), lambda: image_size(data)):
        with pytest.raises(DataError, match=message):
            call()
    with pytest.raises(DataError, match=r"one channel of class ids|is outside 0\.\.255"):
        decode_mask(data)


WRITTEN = sorted(set(SUFFIXES_OF) - {"SUN"})
MODES = (
    "1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "I;16B", "F"
)  # fmt: skip
DEEP, REFUSED = ("I", "I;16", "I;16B"), ("F", "LAB", "HSV")


def written(kind: str, mode: str) -> bytes | None:
    """A light picture (black in deep modes); None where Pillow does not write the mode."""
    light = Image.new("L", (16, 12), 255)
    if mode in (*DEEP, *REFUSED):
        light = Image.new(mode, (16, 12))
    elif mode != "L":
        light = light.convert("RGB").convert(mode)
    try:
        return saved(light, kind)
    except (OSError, ValueError, KeyError):
        return None


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_format_and_mode_that_pillow_writes(kind: str) -> None:
    """Each is read as the same picture, or refused in one line."""
    read = []
    for mode in MODES:
        data = written(kind, mode)
        if data is None:
            continue
        if mode in REFUSED:
            if kind not in ("TIFF", "PPM"):
                continue  # What is stored is RGB.
            with pytest.raises(DataError, match=r"^[^\n]*save it (as RGB|with 8 or 16 bits)$"):
                full(data)
            continue
        got = full(data)
        assert header_size(data) == (12, 16)
        assert got.shape == (12, 16, 3)
        light = 0 if mode in DEEP else 255
        assert np.abs(got.astype(int) - light).max() <= 8, mode
        read.append(mode)
    assert set(read) >= {
        "TIFF": {"1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I"},
        "PNG": {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"},
        "JPEG": {"L", "RGB", "CMYK", "YCbCr"},
    }.get(kind, {"RGB"})


def test_suffixes_are_of_one_format_and_known_to_pillow() -> None:
    assert len(set(IMAGE_SUFFIXES)) == len(IMAGE_SUFFIXES)
    Image.init()
    for kind, suffixes in SUFFIXES_OF.items():
        for suffix in suffixes:
            named = Image.EXTENSION.get(suffix, kind)
            assert named == kind or (kind, named) in {("JPEG", "MPO"), ("BMP", "DIB")}


LOSSY = [
    ("JPEG", {}, "JPEG"),
    ("WEBP", {}, "lossy WebP"),
    ("WEBP", {"exif": b"Exif\0\0"}, "lossy WebP"),
    ("WEBP", {"save_all": True, "append_images": [Image.new("L", (48, 32))]}, "lossy WebP"),
    ("AVIF", {}, "AVIF"),
    ("JPEG2000", {}, "JPEG 2000"),
    ("TIFF", {"compression": "jpeg"}, "TIFF with JPEG inside"),
]


@pytest.mark.parametrize(
    ("kind", "options", "named"),
    LOSSY,
    ids=lambda value: "+".join(value) if isinstance(value, dict) else value,
)
def test_lossy_masks_are_refused_whatever_their_suffix(
    kind: str, options: dict, named: str
) -> None:
    data = saved(Image.fromarray(LABEL), kind, **options)
    with pytest.raises(DataError, match=f"{named} .* export the masks again as PNG"):
        refuse_lossy(data)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}), ("BMP", {}), ("GIF", {}), ("PPM", {}), ("TIFF", {}), ("PCX", {}), ("TGA", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ],
)  # fmt: skip
def test_lossless_masks_are_ids(kind: str, options: dict) -> None:
    data = saved(Image.fromarray(LABEL), kind, **options)
    refuse_lossy(data)
    assert np.array_equal(decode_mask(data), LABEL)


def test_masks_of_doubtful_ids_are_refused() -> None:
    with pytest.raises(DataError, match="one channel of class ids, this one is RGB"):
        decode_mask(saved(Image.fromarray(IMAGE), "WEBP", lossless=True))
    with pytest.raises(DataError, match="255 or 65535 as its largest value"):
        refuse_lossy(b"P5 2 1 15\n\x01\x0f")
    inverted = saved(Image.fromarray(LABEL), "TIFF", tiffinfo={262: 0})
    with pytest.raises(DataError, match="stores white as 0"):
        refuse_lossy(inverted)
    with pytest.raises(DataError, match="one channel of class ids, this one is LA"):
        decode_mask(saved(Image.fromarray(LABEL).convert("LA")))
