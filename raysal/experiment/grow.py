"""Images that came to the train split since a run was begun become candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from raysal.data.identity import ImageIdentity, identify
from raysal.data.identity_file import write_identity
from raysal.data.pool.extend import extended_pool
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.sets.base import Item, Split
from raysal.errors import PoolError
from raysal.experiment import stage
from raysal.experiment.check_masks import check_mask
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.data_check import RunData
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import discard, draft_of, rounds_on_disk
from raysal.progress import Watch


def grow(
    config: ExperimentConfig, layout: RunLayout, pool: Pool, data: RunData, watch: Watch
) -> tuple[Pool, RunData]:
    """Put the added images into the pool, and store what they are.

    To be called between two queries: a query that was begun is made from the pool it was begun
    with. Drafts of its stages are removed, because they are about the smaller pool.

    Returns:
        The pool and the data from now on; unchanged if no added image can be read.

    Raises:
        DataError: the mask of an added image cannot be used.
        RunError: a draft holds files of somebody else.
    """
    items = [item for item in config.data.items("train") if item.image_id in data.added]
    for item in items:
        if item.label is not None:
            check_mask(config.data, "train", item)
    discard(draft_of(s) for here in rounds_on_disk(layout) for s in here.query_stages())
    there = set(pool.ids()) & data.added  # A kill came between pool and identity.
    new = [item for item in items if item.image_id not in there]
    if new and not _extend(config, layout, pool, new, watch):
        return pool, replace(data, added=frozenset())
    identity = _with(config, data, items)
    write_identity(layout.data_identity, identity)
    watch.say(f"{len(items)} images that were added are candidates from now on")
    return Pool.open(str(layout.pool), IN_A_RUN), replace(
        data, identity=identity, added=frozenset()
    )


def _extend(
    config: ExperimentConfig, layout: RunLayout, pool: Pool, items: Sequence[Item], watch: Watch
) -> bool:
    """Whether an image could be added."""
    sources = [
        Source(item.image_id, lambda item=item: config.data.image_bytes(item))  # type: ignore[misc]
        for item in items
    ]

    def extend(draft: Path) -> None:
        bad = extended_pool(
            pool,
            sources,
            draft,
            max_megapixels=config.data.max_megapixels,
            pixels=config.data.pixels,
            progress=advance,
        )
        for image_id, reason in bad:
            watch.say(f"pool: set aside '{image_id}': {reason}")

    def advance(images: int) -> None:
        watch.advance(1)

    watch.start("extend pool", len(sources))
    try:
        stage.replace(layout.pool, extend, fingerprint=config.fingerprint())
    except PoolError as error:
        watch.say(f"{len(items)} images were added, but none is used: {error}")
        return False
    finally:
        watch.finish()
    return True


def _with(
    config: ExperimentConfig, data: RunData, items: Sequence[Item]
) -> Mapping[Split, Mapping[str, ImageIdentity]]:
    only: dict[Split, Sequence[Item]] = {"train": items, "val": (), "test": ()}
    added = identify(config.data, items=only)["train"]
    train = {**data.identity.get("train", {}), **added}
    return {**data.identity, "train": dict(sorted(train.items()))}
