"""Decoding is measured on files that are there, or are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.bench.decode import bench, by_pillow, drawn
from raysal.data.decode import decode_image
from raysal.errors import DataError
from raysal.progress import Silent


def test_pillow_and_raysal_decode_the_same() -> None:
    (file,) = drawn((64, 96), 1)
    assert np.array_equal(by_pillow(file, (64, 96)), decode_image(file, (64, 96)))


def test_three_sizes_in_four_ways(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(drawn((64, 96), 1)[0])
    result = bench(tmp_path, (64, 96), 5, 1, Silent())
    assert result.settings["count"] == 1
    assert [f.of for f in result.figures[::4]] == ["96x64", "48x32", "24x16"]
    assert all(f.ratio is not None for f in result.figures)
    (tmp_path / "a.jpg").unlink()
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match=r"no image in|no folder"):
            bench(folder, (64, 96), 5, 1, Silent())
