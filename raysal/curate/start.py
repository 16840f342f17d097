"""Select the first images of a pool, before there is a trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from raysal.acquisition.selection.cold_start import Start, first_images
from raysal.acquisition.selection.score_parts import read_features
from raysal.acquisition.strategies.random import Random
from raysal.curate.diversity import check_vectors
from raysal.curate.exclude import excluded_ids
from raysal.curate.predict_source import FolderSource, open_source
from raysal.curate.query_folder import check_place, check_request, write_selected
from raysal.curate.same_images import check_same_images
from raysal.curate.score import score_pool
from raysal.curate.score_folder import FILE as SCORING
from raysal.curate.score_source import ScoreSource, open_sources
from raysal.curate.select import Selected, at_most
from raysal.curate.start_settings import StartSettings
from raysal.data.pool.outside import STRICT, Permits
from raysal.data.pool.parts import finished_parts
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.errors import DataError, RunError
from raysal.experiment.budget import Budget, BudgetUnit
from raysal.experiment.layout import STAMP
from raysal.experiment.own_files import draft_of
from raysal.experiment.query import query_table
from raysal.models import MODEL_FILE
from raysal.models.build import check_model
from raysal.models.config import ModelConfig
from raysal.models.untrained import save_untrained
from raysal.progress import Watch
from raysal.storage.atomic import write_bytes
from raysal.storage.foreign import names_in
from raysal.storage.uri import absolute, shown

# In the folder of the query: a pool of the paths of a folder of images; the score folder with the
# features; and, until these are there, the untrained network.
POOL, FEATURES, UNTRAINED = "pool", "features", "untrained"
LIST = "images.txt"
"""The ids of the chosen images, one a line, in the order of choice."""


def select_start(
    places: Sequence[str],
    start: Start,
    amount: int,
    unit: BudgetUnit,
    out: Path,
    settings: StartSettings,
    make_engine: Callable[[], Engine],
    watch: Watch,
    *,
    exclude: Sequence[Path] = (),
    allow_partial: bool = False,
    permits: Permits = STRICT,
) -> Selected:
    """Write a query of the images to label first, by the features of images; see `first_images`.

    Features that are missing are computed, by the untrained network or the encoder that the
    settings name, into `out`; a second call goes on where the first one stopped. All features are
    held in memory.

    Args:
        places: a pool or a folder of images, or score folders with features.
        settings: of the untrained network; for score folders, only the seed is used.
        exclude: queries or lists of ids. These images count as labelled: neither they nor what is
            like them is chosen.
        allow_partial: accept unfinished scorings.
        permits: see `open_source`.

    Raises:
        ConfigError: the budget is less than one image.
        DataError: nothing is left, a feature is not a finite number, two images share an id, or
            there are no images.
        RunError: a score folder is absent, empty, unfinished, or has no features, or `out` holds
            another query or files that raysal did not make.
        RaysalError: see `score_pool`.
    """
    check_place(out, (POOL, FEATURES, draft_of(Path(UNTRAINED)).name))
    request: dict[str, Any] = {
        "version": 1, "start": start, "seed": settings.seed, "budget": amount, "unit": unit,
        "excluded": sorted(str(path) for path in exclude),
    }  # fmt: skip
    check_request(out, request)
    folders = list(places)
    if not any(map(_holds_scores, places)):
        if len(places) > 1:
            raise RunError(
                f"{shown(places[0])} and {shown(places[1])} hold no scores: start with one pool or "
                "folder of images, or with several score folders that have features"
            )
        at_most(Budget(amount, unit, settings.size, settings.size), "image")
        images = open_source(places[0], out, watch, permits)
        if settings.features is None:
            check_model(
                settings.model.resolved(frozenset()), 1, settings.seed, settings.size,
                settings.data.channels,
            )  # fmt: skip
        else:
            settings.features.check()
        pool = images.pool(out / POOL, None, watch)
        if isinstance(images, FolderSource):
            _say_bad(pool.bad, watch)
        excluded_ids(exclude, [_Ids(pool)])  # Fails before the long work.
        folders = [_compute_features(pool, out, settings, make_engine, watch, permits)]
    sources = open_sources(folders, allow_partial)
    check_vectors(sources, "start")
    size = sources[0].size
    most = at_most(Budget(amount, unit, size, size), "image")
    known = excluded_ids(exclude, sources)
    request |= {"scores": [shown(s.folder) for s in sources], "key": sources[0].key.dump()}
    check_request(out, request)
    watch.start(f"choose ({start})", None)
    chosen = first_images(start, *_read(sources), known, most, settings.seed)
    watch.finish()
    if not chosen:
        raise DataError(
            f"nothing is left to query in {', '.join(map(shown, places))}: every image is excluded "
            "or could not be read"
        )
    if len(chosen) < most:
        watch.say(f"the budget is {most} images, but only {len(chosen)} are left; taking them all")
    ids = [pick.image_id for pick in chosen]
    if len(sources) > 1:
        check_same_images(sources, pa.chunked_array([ids]))
    query = query_table(pa.table({"image_id": ids, "score": [pick.score for pick in chosen]}), size)
    write_selected(out, request, query, size)
    write_bytes(out / LIST, "".join(f"{image_id}\n" for image_id in ids).encode())
    return Selected(out, query, regions=False, groups=[])


@dataclass(frozen=True)
class _Ids:
    """The ids of a pool, as those of a `ScoreSource`."""

    pool: Pool

    def image_ids(self) -> Iterator[list[str]]:
        """Some at a time."""
        return ([image_id] for image_id in self.pool.ids())


def _holds_scores(place: str) -> bool:
    """Whether a place is a score folder, or, as those of a round, a stage of a run."""
    if Path(place).is_file():
        return False
    return bool({SCORING, STAMP} & set(names_in(absolute(place))))


def _compute_features(
    pool: Pool,
    out: Path,
    settings: StartSettings,
    make_engine: Callable[[], Engine],
    watch: Watch,
    permits: Permits,
) -> str:
    """Score a pool by lot with features of the untrained network, or of the encoder that the
    settings name; returns the score folder."""
    network = settings.model
    if settings.features is not None:
        # Nothing is computed with a network then; the scoring takes the size of images from it.
        network = ModelConfig(weights="none")
        if settings.features.weights == "none":
            watch.say("features of an encoder with random weights (features.weights=none)")
    elif network.weights == "none":
        watch.say("features of a network with random weights (model.weights=none)")
    model, folder = draft_of(out / UNTRAINED), str(out / FEATURES)
    # Features do not depend on the classes, of which nothing is known yet.
    stage = save_untrained(
        model / MODEL_FILE, network.resolved(frozenset()), ("image",), ((0, 0, 0),),
        settings.size, settings.seed, settings.data,
    )  # fmt: skip
    scores = score_pool(
        model, pool.uri, Random(), folder, make_engine, watch,
        features=settings.features or stage,
        precision=settings.precision, seed=settings.seed, max_bad_share=settings.max_bad_share,
        show=0, permits=permits,
    )  # fmt: skip
    _say_bad(scores.bad, watch)
    (model / MODEL_FILE).unlink()
    model.rmdir()
    return folder


def _say_bad(bad: Iterable[tuple[str, str]], watch: Watch) -> None:
    for image_id, reason in bad:
        watch.say(f"set aside '{image_id}': {reason}")


def _read(sources: Sequence[ScoreSource]) -> tuple[list[str], np.ndarray]:
    """Ids and (N, D) float32 features of all images in some folders."""
    ids: list[str] = []
    pieces: list[np.ndarray] = []
    for source in sources:
        some, vectors_ND = read_features(source.folder, sorted(finished_parts(source.folder)))
        ids += some
        pieces += [vectors_ND] if some else []
    return ids, np.concatenate(pieces) if pieces else np.empty((0, 0), np.float32)
