"""What the models of a run are measured on: splits of the data set, or images drawn by lot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from raysal.data.decode import decode_mask, encode_png
from raysal.data.identity import Content, Identity, ImageIdentity
from raysal.data.labels import labelled_ids, read_labels
from raysal.data.pixel_format import PixelFormat
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import PoolRow, Unit
from raysal.data.sets.base import Colour, Dataset, Item, Split
from raysal.data.sets.registry import AnyDataset
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.storage.seal import hash_bytes


class WithDrawnSplits(Dataset):
    """A data set whose test or validation images were drawn from its pool and labelled."""

    name: Literal["drawn"] = "drawn"
    base: AnyDataset
    pool_uri: str
    """Pool that holds the images."""
    stores: dict[Split, Path]
    """Label store of each split that was drawn."""
    places: dict[str, tuple[str, int, int]]
    """Where each drawn image is: shard, row group, number of its rows."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Those of the data set."""
        return self.base.class_names

    @property
    def palette(self) -> tuple[Colour, ...]:
        """That of the data set."""
        return self.base.palette

    @property
    def pixels(self) -> PixelFormat:
        """Those of the data set."""
        return self.base.pixels

    def check(self) -> None:
        """Do nothing: the labels are a finished stage of the run."""

    def items(self, split: Split) -> Sequence[Item]:
        """The labelled images of a drawn split; of others, those of the data set."""
        if split not in self.stores:
            return self.base.items(split)
        return [Item(i, i, i) for i in sorted(labelled_ids(self.stores[split]))]

    def image_bytes(self, item: Item) -> bytes:
        """A drawn image from the pool; others from the data set."""
        row = self._row(item)
        return self.base.image_bytes(item) if row is None else row.data

    def image_source(self, item: Item) -> bytes | Path:
        """As `image_bytes`; where a TIFF is."""
        row = self._row(item)
        return self.base.image_source(item) if row is None else row.source

    def _row(self, item: Item) -> PoolRow | None:
        place = self.places.get(item.image_id)
        if place is None:
            return None
        (row,) = self._reader.read(Unit(*place), {item.image_id})
        return row

    def raw_label(self, item: Item) -> np.ndarray:
        """The label of a drawn image, at the working size; others from the data set."""
        if item.image_id not in self.places:
            return self.base.corrected_label(item)
        return decode_mask(self._labels[item.image_id], float("inf"))

    def identity(self, known: Identity) -> Identity:
        """`known`, with the contents of the images and labels of drawn splits."""
        return {**known, **{split: dict(self._contents(split)) for split in self.stores}}

    def __getstate__(self) -> dict[Any, Any]:
        """The state sent to workers, without what a worker reads itself."""
        state = super().__getstate__()
        made = ("_reader", "_labels")
        kept = {key: value for key, value in state["__dict__"].items() if key not in made}
        return {**state, "__dict__": kept}

    def _contents(self, split: Split) -> Iterator[tuple[str, ImageIdentity]]:
        for item in self.items(split):
            hashes = self._reader.hashes(Unit(*self.places[item.image_id]))
            label = hash_bytes(self.raw_label(item).tobytes())
            contents = (hashes[item.image_id], label)
            yield item.image_id, ImageIdentity(*(Content(bytes.fromhex(h)) for h in contents))

    @cached_property
    def _reader(self) -> PoolReader:
        return PoolReader(Pool.open(self.pool_uri, IN_A_RUN))

    @cached_property
    def _labels(self) -> dict[str, bytes]:
        """The labels as PNG: a thousand of them take some ten megabytes."""
        return {
            labelled.image_id: encode_png(labelled.label)
            for store in self.stores.values()
            for labelled in read_labels(store)
        }


def measuring_set(config: ExperimentConfig, layout: RunLayout, pool: Pool) -> Dataset:
    """The data set whose test and validation splits the models of a run are measured on.

    Raises:
        DataError: the labels of drawn images are missing or damaged.
    """
    drawn: dict[Split, QueryLayout] = {}
    if config.al.test:
        drawn["test"] = layout.test
    if config.al.val:
        drawn["val"] = layout.val
    if not drawn:
        return config.data
    stores = {split: here.labels for split, here in drawn.items()}
    ids = {image_id for store in stores.values() for image_id in labelled_ids(store)}
    reader = PoolReader(pool)
    places = {
        image_id: (unit.shard, unit.row_group, unit.rows)
        for unit in pool.units
        for image_id in reader.ids(unit)
        if image_id in ids
    }
    return WithDrawnSplits(
        size=config.data.size,
        tile=config.data.tile,
        max_bad_share=config.data.max_bad_share,
        max_megapixels=config.data.max_megapixels,
        base=config.data,
        pool_uri=pool.uri,
        stores=stores,
        places=places,
    )
