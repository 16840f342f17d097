"""What a run asks of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.pool.rows import Unit
from raysal.data.sets.base import Dataset, Item
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.pending import Pending, open_queries
from raysal.experiment.people import PeopleOracle
from raysal.experiment.query import by_image


def asked_of(run: Path) -> Asked:
    """What a run asks for: all images of its open queries, those that are answered too.

    Raises:
        RunError: there is no run, or it asks people for nothing now.
        DataError: a query is damaged.
        PoolError: the pool cannot be read.
    """
    layout = RunLayout(run)
    config = _config_of(layout)
    everything = open_queries(layout, config)
    queries = [query for query in everything if isinstance(query.oracle, PeopleOracle)]
    if not queries:
        raise RunError(
            f"{run} asks for no labels now; `raysal status {run}` shows where it is, and "
            "`raysal run` goes on"
        )
    pool = Pool.open(str(layout.pool), IN_A_RUN)
    asked_ids = {ask.image_id for query in queries for ask in query.asks}
    places = _Places(pool, frozenset(asked_ids))
    files = {item.image_id: item for item in config.data.items("train")}
    return Asked(
        name=config.name,
        class_names=config.data.class_names,
        palette=config.data.palette,
        images=tuple(
            image for query in queries for image in _images(query, config.data, places, files)
        ),
        answers=layout.answers,
        model=_last_model(layout),
    )


def _config_of(layout: RunLayout) -> ExperimentConfig:
    if not layout.config.exists():
        raise RunError(
            f"{layout.root} is not a run; give the folder that `raysal run` printed, such as "
            "runs/<name>"
        )
    config = saved_config(layout)
    if config is None:
        raise RunError(f"{layout.config} is damaged; `raysal run` writes it again")
    return config


class _Places:
    """Where some images of a pool are, their sizes, and their content."""

    def __init__(self, pool: Pool, ids: frozenset[str]) -> None:
        self._reader = PoolReader(pool)
        self._units: dict[str, Unit] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        for unit in pool.units:
            for image_id, size in self._reader.sizes(unit).items():
                if image_id in ids:
                    self._units[image_id], self.sizes[image_id] = unit, size

    def read(self, image_id: str) -> bytes:
        """The encoded image."""
        (row,) = self._reader.read(self._units[image_id], {image_id})
        return row.data


def _images(
    query: Pending, dataset: Dataset, places: _Places, files: Mapping[str, Item]
) -> Iterator[AskedImage]:
    """The images of a query in its order, without those whose masks were there."""
    known = dataset.known_ids()
    for image_id, rectangles in by_image(query.asks).items():
        if image_id in known:
            continue
        item = files.get(image_id)
        size = places.sizes[image_id]
        path = None if item is None or dataset.drawn_from(item) is not None else Path(item.image)
        yield AskedImage(
            image_id=image_id,
            query=query.here.name,
            size=size,
            rectangles=tuple(own_rectangle(r, dataset.size, size) for r in rectangles),
            path=path if path is not None and path.is_file() else None,
            read=partial(places.read, image_id),
        )


def _last_model(layout: RunLayout) -> Path | None:
    models = [here.model for here in rounds_on_disk(layout) if here.model_file.exists()]
    return models[-1] if models else None
