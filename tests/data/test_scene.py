import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from raysal.data import scene as scenes
from raysal.data.decode import decode_image
from raysal.data.pixel_format import PixelFormat
from raysal.data.scene import Scene, reduced_size
from raysal.data.tiles import TileConfig
from raysal.errors import ChannelsError, DataError

DEEP = PixelFormat(channels=4, range=(0, 3000))


def pixels_of(channels: int, dtype: type, size: tuple[int, int] = (150, 210)) -> np.ndarray:
    rng = np.random.default_rng(0)
    most = 256 if dtype is np.uint8 else 4000
    coarse = rng.integers(0, most, (size[0] // 10, size[1] // 10, channels))
    fine = np.kron(coarse, np.ones((10, 10, 1))) + rng.integers(-9, 10, (*size, channels))
    return fine.clip(0, most - 1).astype(dtype)


def tiff(values: np.ndarray, **how: object) -> bytes:
    buffer = io.BytesIO()
    rgb = values.shape[2] == 3
    tifffile.imwrite(
        buffer, values, photometric="rgb" if rgb else "minisblack", planarconfig="contig", **how
    )
    return buffer.getvalue()


def png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def premultiplied() -> bytes:
    """Colours that were multiplied by their alpha."""
    values, alpha = pixels_of(3, np.uint8), pixels_of(1, np.uint8) | 1
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        np.concatenate([(values * (alpha / 255)).astype(np.uint8), alpha], -1),
        photometric="rgb",
        extrasamples=["assocalpha"],
        tile=(32, 48),
    )
    return buffer.getvalue()


FILES = {
    "tiles": tiff(pixels_of(3, np.uint8), tile=(32, 48), compression="zlib"),
    "strips": tiff(pixels_of(3, np.uint8), rowsperstrip=7, compression="zlib"),
    "plain": tiff(pixels_of(3, np.uint8)),
    "png": png(pixels_of(3, np.uint8)),
    "premultiplied": premultiplied(),
}


@pytest.mark.parametrize("size", [None, (150, 210), (96, 96), (75, 105), (301, 333)])
@pytest.mark.parametrize("kind", FILES)
def test_tiles_are_those_of_the_whole_resized_image(
    kind: str, size: tuple[int, int] | None
) -> None:
    whole = decode_image(FILES[kind], size).astype(int)
    scene = Scene(FILES[kind], size)
    tiling = TileConfig(size=(48, 64), overlap=9).of(scene.size)
    assert scene.size == whole.shape[:2]
    differences = [np.abs(part - whole[tile.whole]) for tile, part in scene.tiles(tiling)]
    assert len(differences) == len(tiling)
    assert max(d.max() for d in differences) <= 1
    assert np.mean([(d > 0).mean() for d in differences]) < 0.01
    if size in (None, (150, 210)):
        assert not any(d.any() for d in differences)


@pytest.mark.parametrize("size", [None, (80, 77)])
def test_channels_in_full_depth(size: tuple[int, int] | None, tmp_path: Path) -> None:
    data = tiff(pixels_of(4, np.uint16), tile=(32, 32))
    path = tmp_path / "scene.tif"
    path.write_bytes(data)
    whole = decode_image(data, size, pixels=DEEP)
    for source in (data, path):
        scene = Scene(source, size, DEEP)
        for tile, part in scene.tiles(TileConfig(size=40, overlap=3).of(scene.size)):
            assert part.dtype == np.float32
            np.testing.assert_allclose(part, whole[tile.whole], atol=1e-4)


def test_a_decoded_image_has_windows_too() -> None:
    whole = decode_image(FILES["png"], None)
    np.testing.assert_array_equal(Scene(whole).window((3, 5, 40, 50)), whole[3:43, 5:55])


def test_only_what_a_window_needs_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    original = scenes.read_window

    def noting(source: object, window: tuple[int, ...], *more: object) -> np.ndarray:
        read.append(window)
        return original(source, window, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(scenes, "read_window", noting)
    Scene(FILES["tiles"], (75, 105)).window((30, 40, 20, 20))
    ((row, col, height, width),) = read
    assert (row, col) >= (55, 75)
    assert height <= 50
    assert width <= 50


def test_bands_of_rows_give_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decode_image(FILES["strips"], (75, 105))
    monkeypatch.setattr(scenes, "BAND", 40_000)
    scene = Scene(FILES["strips"], (75, 105))
    assert np.abs(scene.whole().astype(int) - whole).max() <= 1
    for tile, part in scene.tiles(TileConfig(size=40, overlap=3).of(scene.size)):
        assert np.abs(part.astype(int) - whole[tile.whole]).max() <= 1
    assert scene.resized(None).size == (150, 210)


def test_damage_and_other_channels_are_told() -> None:
    with pytest.raises(ChannelsError, match=r"it has 3 channels, data\.channels is 4"):
        Scene(FILES["tiles"], None, DEEP)
    with pytest.raises(DataError, match="megapixels"):
        Scene(FILES["tiles"], None, max_megapixels=0.01)
    cut = FILES["tiles"][: len(FILES["tiles"]) // 2]
    with pytest.raises(DataError, match="truncated or damaged"):
        list(Scene(cut).tiles(TileConfig(size=48, overlap=0).of((150, 210))))


def test_a_reduced_picture_keeps_its_proportions() -> None:
    assert reduced_size((10_000, 5_000), 1_000) == (1_000, 500)
    assert reduced_size((300, 200), 1_000) == (300, 200)
