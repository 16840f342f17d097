"""Masks and overlays as files, and that files of others are not overwritten."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from raysal.data.decode import decode_mask, encode_jpeg, encode_png
from raysal.errors import RunError
from raysal.inference.mask_files import encode_overlay, write_mask, write_overlay

IDS = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
PICTURE = np.full((3, 4, 3), 100, np.uint8)
PALETTE = [(0, 0, 0), (200, 0, 0), (0, 255, 40)]


def test_a_mask_holds_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.png"
    write_mask(path, IDS)
    write_mask(path, IDS[:2])  # Our own may be replaced.
    assert np.array_equal(decode_mask(path.read_bytes()), IDS[:2])
    assert [p.name for p in path.parent.iterdir()] == ["c.png"]


def test_an_overlay_is_half_picture_half_colour(tmp_path: Path) -> None:
    ids, picture = np.kron(IDS, np.ones((16, 16), np.uint8)), PICTURE.repeat(16, 0).repeat(16, 1)
    write_overlay(tmp_path / "a.jpg", picture, ids, PALETTE)
    write_overlay(tmp_path / "a.jpg", picture, ids, PALETTE)
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.size == (64, 48)
        shown = np.asarray(image).astype(int)
    expected = (picture.astype(int) + np.array(PALETTE)[ids]) // 2
    assert np.abs(shown - expected)[4:12, 4:12].max() < 12
    assert np.abs(shown - expected).mean() < 20


def test_an_overlay_of_a_very_long_picture_is_reduced(tmp_path: Path) -> None:
    ids = np.zeros((2, 70_000), np.uint8)
    write_overlay(tmp_path / "a.jpg", np.zeros((2, 70_000, 3), np.uint8), ids, PALETTE)
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.size == (35_000, 1)


def corrected() -> bytes:
    """One of ours, with a pixel changed and the mark kept."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("raysal-prediction", "0123")
    buffer = io.BytesIO()
    Image.fromarray(IDS).save(buffer, format="PNG", pnginfo=chunks)
    return buffer.getvalue()


@pytest.mark.parametrize("theirs", [encode_png(IDS), corrected(), b"text", b""])
def test_a_mask_of_others_is_kept(theirs: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(theirs)
    with pytest.raises(RunError, match=r"a.png would be overwritten, but is not a mask of raysal"):
        write_mask(path, IDS)
    assert path.read_bytes() == theirs


@pytest.mark.parametrize("theirs", [encode_jpeg(PICTURE), b"text"])
def test_an_overlay_of_others_is_kept(theirs: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(theirs)
    with pytest.raises(RunError, match=r"a.jpg would be overwritten, but is not an overlay of ra"):
        write_overlay(path, PICTURE, IDS, PALETTE)
    assert path.read_bytes() == theirs
    assert encode_overlay(PICTURE, IDS, PALETTE) != theirs
