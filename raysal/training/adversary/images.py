"""The small images that an adversary is trained on, all in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raysal.config.seed import derive_seed
from raysal.data.decode import decode_image
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.reader import Pool, PoolReader, PoolRow
from raysal.errors import DataError
from raysal.models.adversary import small

CHUNK = 8
Rate = Callable[[Sequence[np.ndarray]], Tensor]


@dataclass(frozen=True)
class SmallImages:
    """Images ordered by id.

    Attributes:
        ids: of the images that can be read.
        images_N3SS: uint8.
        rating_N: their predicted losses; None where nobody asks.
        bad: (image id, reason) of those that cannot be read.
    """

    ids: tuple[str, ...]
    images_N3SS: Tensor
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
) -> SmallImages:
    """Decode images, a few in full at a time.

    They are resized to the working size first, so that training and scoring see the same.

    Args:
        what: they are, for messages.
        size: the working size, (height, width).
        rate: gives the ratings of some images of the working size.
        most: readable images after which to stop; None for all.

    Raises:
        DataError: none can be read.
    """
    bad: list[tuple[str, str]] = []
    pending = itertools.islice(_decoded(rows, size, bad), most)
    ids: list[str] = []
    parts: list[Tensor] = []
    ratings: list[Tensor] = []
    while chunk := list(itertools.islice(pending, CHUNK)):
        images = [image for _, image in chunk]
        ids += [image_id for image_id, _ in chunk]
        parts.append(small(images, side))
        if rate is not None:
            ratings.append(rate(images))
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
    """Candidates that nobody labelled: all of them, or if those are more than `most`, row groups
    in random order, so that a reader that stops early has not seen the pool."""
    units = pool.units
    if candidates.count > most:
        order = np.random.default_rng(derive_seed(seed, "units")).permutation(len(units))
        units = tuple(units[k] for k in order)
    reader = PoolReader(pool)
    for unit in units:
        wanted = {i for i in reader.ids(unit) if i in candidates and i not in labelled}
        if wanted:
            yield from reader.read(unit, wanted)


def batch_places(images: int, batch_size: int, seed: int, index: int) -> Tensor:
    """(batch size,) places of the images of one batch of a stream without end, which goes through
    all of them in a new random order each time."""
    first = index * batch_size
    epochs, within = np.divmod(np.arange(first, first + batch_size), images)
    orders = [
        np.random.default_rng(derive_seed(seed, "order", int(epoch))).permutation(images)[
            within[epochs == epoch]
        ]
        for epoch in np.unique(epochs)
    ]
    return torch.from_numpy(np.concatenate(orders))


def _decoded(
    rows: Iterable[PoolRow], size: tuple[int, int], bad: list[tuple[str, str]]
) -> Iterator[tuple[str, np.ndarray]]:
    for row in rows:
        try:
            yield row.image_id, decode_image(row.data, size)
        except DataError as error:
            bad.append((row.image_id, str(error)))
