"""The small images that an adversary is trained on, held in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed
from raysal.data.decode import decode_image
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import PoolRow
from raysal.data.scene import Scene
from raysal.data.tiles import TileConfig
from raysal.errors import DataError
from raysal.models.adversary import shrink_images

CHUNK = 8
Rate = Callable[[Sequence[np.ndarray]], Tensor]


@dataclass(frozen=True)
class SmallImages:
    """Images ordered by id.

    Attributes:
        ids: ids of the readable images.
        images_NDSS: as they are decoded.
        rating_N: their predicted losses; None for VAAL.
        bad: (image id, reason) of the unreadable ones.
    """

    ids: tuple[str, ...]
    images_NDSS: Tensor
    rating_N: Tensor | None
    bad: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.ids)


def read_small(
    rows: Iterable[PoolRow],
    what: str,
    size: tuple[int, int],
    side: int,
    rate: Rate | None = None,
    most: int | None = None,
    pixels: PixelFormat = RGB,
    tile: TileConfig | None = None,
) -> SmallImages:
    """Decode and shrink images, holding few of them at full size.

    They are resized to the working size first, as in scoring; scenes are shrunk a band at a time.

    Args:
        what: kind of the images, for messages.
        size: the working size, (height, width).
        rate: rates images of the working size.
        most: number of readable images to stop after; None for all.
        pixels: how images are read.
        tile: the tiles in which scenes are rated; None for whole images.

    Raises:
        DataError: no image can be read.
    """
    bad: list[tuple[str, str]] = []
    if tile is None:
        small = _small(_decoded(rows, size, bad, pixels), side, rate, most)
    else:
        small = itertools.islice(_small_scenes(rows, size, side, rate, bad, pixels, tile), most)
    ids: list[str] = []
    parts: list[Tensor] = []
    ratings: list[Tensor] = []
    for ids_B, small_BDSS, rating_B in small:
        ids += ids_B
        parts.append(small_BDSS)
        if rating_B is not None:
            ratings.append(rating_B)
    if not ids:
        why = f"'{bad[0][0]}' and all others are unreadable" if bad else "there is none"
        raise DataError(f"no {what} image to train the adversary on: {why}")
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return SmallImages(
        tuple(ids[k] for k in order),
        torch.cat(parts)[order].contiguous(),
        torch.cat(ratings)[order] if ratings else None,
        tuple(bad),
    )


def unlabelled_rows(
    pool: Pool, candidates: Candidates, labelled: Collection[str], most: int, seed: int
) -> Iterator[PoolRow]:
    """Unlabelled candidates. If there are more than `most`, row groups come in random order, so
    that a caller that stops early reads a random part of the pool."""
    units = pool.units
    if candidates.count > most:
        order = np.random.default_rng(derive_seed(seed, "units")).permutation(len(units))
        units = tuple(units[k] for k in order)
    reader = PoolReader(pool)
    for unit in units:
        wanted = {i for i in reader.ids(unit) if i in candidates and i not in labelled}
        if wanted:
            yield from reader.read(unit, wanted)


def batch_indices(images: int, batch_size: int, seed: int, index: int) -> Tensor:
    """(batch size,) image indices of batch `index` of an endless stream, which goes through all
    images in a new random order each time."""
    first = index * batch_size
    epochs, within = np.divmod(np.arange(first, first + batch_size), images)
    orders = [
        np.random.default_rng(derive_seed(seed, "order", int(epoch))).permutation(images)[
            within[epochs == epoch]
        ]
        for epoch in np.unique(epochs)
    ]
    return torch.from_numpy(np.concatenate(orders))


_Small = tuple[list[str], Tensor, Tensor | None]
"""Ids, small images (B, D, S, S), ratings (B,)."""


def _small(
    decoded: Iterator[tuple[str, np.ndarray]], side: int, rate: Rate | None, most: int | None
) -> Iterator[_Small]:
    pending = itertools.islice(decoded, most)
    while chunk := list(itertools.islice(pending, CHUNK)):
        images = [image for _, image in chunk]
        rating_B = None if rate is None else rate(images)
        yield [image_id for image_id, _ in chunk], shrink_images(images, side), rating_B


def _small_scenes(
    rows: Iterable[PoolRow],
    size: tuple[int, int],
    side: int,
    rate: Rate | None,
    bad: list[tuple[str, str]],
    pixels: PixelFormat,
    tile: TileConfig,
) -> Iterator[_Small]:
    """A scene at a time; its rating is the mean over its tiles, weighted by their cores."""
    for row in rows:
        try:
            scene = Scene(row.source, size, pixels, row.max_megapixels)
            small_1DSS = shrink_images([scene.resized((side, side)).whole()], side)
            rating_1 = None
            if rate is not None:
                tiling = tile.of(size)
                rated = [rate([image])[0] * t.core_pixels for t, image in scene.tiles(tiling)]
                rating_1 = torch.stack(rated).double().sum().view(1).float() / (size[0] * size[1])
        except DataError as error:
            bad.append((row.image_id, str(error)))
            continue
        yield [row.image_id], small_1DSS, rating_1


def _decoded(
    rows: Iterable[PoolRow],
    size: tuple[int, int],
    bad: list[tuple[str, str]],
    pixels: PixelFormat,
) -> Iterator[tuple[str, np.ndarray]]:
    for row in rows:
        try:
            yield row.image_id, decode_image(row.data, size, row.max_megapixels, pixels)
        except DataError as error:
            bad.append((row.image_id, str(error)))
