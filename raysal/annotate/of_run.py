"""What a run asks of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from raysal.annotate.asked import Asked, AskedImage
from raysal.annotate.places import Places, scores_by_image
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.sets.base import Dataset, Item
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.pending import open_queries
from raysal.experiment.people import PeopleOracle
from raysal.experiment.query import Ask, by_image


def asked_of(run: Path) -> Asked:
    """What a run asks for: all images of its open queries, those that are answered too.

    Raises:
        RunError: there is no run, or it asks people for nothing now.
        DataError: a query is damaged.
        PoolError: the pool cannot be read.
    """
    layout = RunLayout(run)
    config = config_of(layout)
    queries = people_queries(layout, config)
    if not queries:
        raise RunError(
            f"{run} asks for no labels now; `raysal status {run}` shows where it is, and "
            "`raysal run` goes on"
        )
    return asked_in(layout, config, queries)


def people_queries(layout: RunLayout, config: ExperimentConfig) -> dict[str, Sequence[Ask]]:
    """The open queries that people answer, by name, in order.

    Raises:
        DataError: a query is damaged.
    """
    queries = open_queries(layout, config)
    return {q.here.name: q.asks for q in queries if isinstance(q.oracle, PeopleOracle)}


def asked_in(
    layout: RunLayout,
    config: ExperimentConfig,
    queries: Mapping[str, Sequence[Ask]],
    known: bool = False,
) -> Asked:
    """What some queries of a run ask for.

    Args:
        queries: by name.
        known: also images whose masks were there.

    Raises:
        PoolError: the pool cannot be read.
    """
    images: tuple[AskedImage, ...] = ()
    if queries:
        ids = frozenset(ask.image_id for asks in queries.values() for ask in asks)
        places = Places(Pool.open(str(layout.pool), IN_A_RUN), ids)
        files = {item.image_id: item for item in config.data.items("train")}
        images = tuple(
            image
            for name, asks in queries.items()
            for image in _images(name, asks, config.data, places, files, known)
        )
    return Asked(
        name=config.name,
        class_names=config.data.class_names,
        palette=config.data.palette,
        images=images,
        answers=layout.answers,
        model=last_model(layout),
    )


def config_of(layout: RunLayout) -> ExperimentConfig:
    """The configuration of a run.

    Raises:
        RunError: there is no run, or it is damaged.
    """
    if not layout.config.exists():
        raise RunError(
            f"{layout.root} is not a run; give the folder that `raysal run` printed, such as "
            "runs/<name>"
        )
    config = saved_config(layout)
    if config is None:
        raise RunError(f"{layout.config} is damaged; `raysal run` writes it again")
    return config


def _images(
    name: str,
    asks: Sequence[Ask],
    dataset: Dataset,
    places: Places,
    files: Mapping[str, Item],
    known: bool,
) -> Iterator[AskedImage]:
    """The images of a query in its order."""
    scores = scores_by_image(asks)
    left_out = frozenset() if known else dataset.known_ids()
    for image_id, rectangles in by_image(asks).items():
        if image_id in left_out:
            continue
        item = files.get(image_id)
        size = places.sizes[image_id]
        path = None if item is None or dataset.drawn_from(item) is not None else Path(item.image)
        yield AskedImage(
            image_id=image_id,
            query=name,
            size=size,
            rectangles=tuple(own_rectangle(r, dataset.size, size) for r in rectangles),
            path=path if path is not None and path.is_file() else None,
            read=partial(places.read, image_id),
            scores=scores[image_id],
            pixels=dataset.pixels,
        )


def last_model(layout: RunLayout) -> Path | None:
    """The folder of the last round's model; None before the first."""
    models = [here.model for here in rounds_on_disk(layout) if here.model_file.exists()]
    return models[-1] if models else None
