import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysal.data.tiles import TileConfig, spans


def test_the_tiles_of_a_scene_by_hand() -> None:
    assert spans(10, 4, 1) == [(0, 0, 3), (3, 3, 6), (6, 6, 10)]
    # The last one is shifted inside, and the border lies in the middle of what they share.
    assert spans(9, 4, 0) == [(0, 0, 4), (4, 4, 6), (5, 6, 9)]
    assert spans(4, 4, 3) == [(0, 0, 4)]


@given(st.data())
def test_each_pixel_is_in_one_core_and_each_core_in_its_tile(data: st.DataObject) -> None:
    height, width = (data.draw(st.integers(1, 12)) for _ in range(2))
    overlap = data.draw(st.integers(0, min(height, width) - 1))
    size = (data.draw(st.integers(height, 40)), data.draw(st.integers(width, 40)))
    tiling = TileConfig(size=(height, width), overlap=overlap).of(size)
    times_HW = np.zeros(size, int)
    for tile in tiling:
        inside = np.zeros((tile.height, tile.width), int)
        inside[tile.in_tile] = 1
        assert inside.sum() == tile.core_pixels > 0
        times_HW[tile.whole] += inside
        assert times_HW[tile.whole].shape == (height, width)
    assert (times_HW == 1).all()
    assert len(tiling) == len(list(tiling)) == sum(len(row) for row in tiling.rows())


def test_one_number_is_a_square_tile() -> None:
    assert TileConfig(size=48, overlap=8).size == (48, 48)


@pytest.mark.parametrize("overlap", [48, 100])
def test_an_overlap_as_large_as_a_tile_is_refused(overlap: int) -> None:
    with pytest.raises(ValueError, match=f"tile.overlap is {overlap}, a tile 48x64; lower"):
        TileConfig(size=(48, 64), overlap=overlap)
