"""Reading the files of data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.decode import encode_jpeg, encode_png
from raysal.data.sets.files import read_file, read_mask
from raysal.errors import DataError


def test_bytes_and_masks(tmp_path: Path) -> None:
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    file = tmp_path / "mask.png"
    file.write_bytes(encode_png(mask))
    assert read_file(str(file)) == encode_png(mask)
    assert np.array_equal(read_mask(str(file), "folder"), mask)


@pytest.mark.parametrize("name", ["absent.png", ""])
def test_no_such_file(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / name)
    for read in (read_file, lambda path: read_mask(path, "folder")):
        with pytest.raises(DataError, match="cannot read '") as caught:
            read(path)
        assert path in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_mask_that_is_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "mask.png"
    file.write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    with pytest.raises(DataError, match=r"^folder: .*mask\.png: a mask must have one channel"):
        read_mask(str(file), "folder")


def test_a_lossy_mask_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "mask.png"
    file.write_bytes(encode_jpeg(np.zeros((4, 4), np.uint8)))
    with pytest.raises(DataError, match=r"^folder: .*mask\.png: .* is JPEG .* again as PNG"):
        read_mask(str(file), "folder")
