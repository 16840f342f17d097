"""Guides for the queries of a run: the model that made each, and the map it chose by."""

from __future__ import annotations

from raysal.annotate.tool.prepare.cache import key_of
from raysal.annotate.tool.prepare.guide import ExtensionSource, Guide, MapKind, MapSource
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RoundLayout, RunLayout
from raysal.experiment.own_files import rounds_on_disk
from raysal.storage.seal import hash_file

_BY_STRATEGY: dict[str, MapKind] = {
    "entropy": "entropy",
    "confidence": "least_confidence",
    "margin": "margin",
}


def guides_of_run(layout: RunLayout, config: ExperimentConfig) -> dict[str, Guide]:
    """The guides by the names of the queries; those before round 0 have none.

    Args:
        config: of the run, as it is now.

    Raises:
        DataError: the settings that a query was begun with are lost.
    """
    guides = {}
    for here in rounds_on_disk(layout):
        if not here.model_file.exists():
            continue
        index, settings = int(here.folder.name), settings_of(here, layout, config)
        guides[here.name] = Guide(
            model=here.model,
            name=f"round {index}",
            precision=settings.train.precision,
            map=map_source(settings, index),
            extension=_extension(layout, here, settings, index),
        )
    return guides


def _extension(
    layout: RunLayout, here: RoundLayout, config: ExperimentConfig, index: int
) -> ExtensionSource | None:
    initial = layout.initial.labels_file
    if config.cle is None or config.rga is None:
        return None
    if config.data.tile is not None:
        return None  # The run extends tile by tile, a preview of the whole would show other labels.
    if not (here.query_file.exists() and initial.exists()):
        return None
    made_from = key_of(config.fingerprint(), hash_file(here.query_file), hash_file(initial))
    return ExtensionSource(layout.root.absolute(), index, made_from)


def map_source(config: ExperimentConfig, index: int) -> MapSource:
    """The map by which a round's regions are picked, or else its images scored.

    A strategy that scores neither votes nor uncertainty gets the difficulty map of its model.
    """
    kind = _BY_STRATEGY.get(config.acquisition.name, "difficulty")
    if config.rga is not None and config.rga.map == "votes":
        return MapSource("votes", config.rga.passes, config.rga.vote, config.seed, index)
    if (votes := config.acquisition.needs.votes) is not None:
        return MapSource("votes", votes.count, votes.vote, config.seed, index, votes.dropped)
    return MapSource(kind)
