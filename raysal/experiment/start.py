"""The first images that a run has labelled, unless they are drawn by lot."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from raysal.acquisition.selection.cold_start import first_images
from raysal.acquisition.selection.score_parts import read_features, read_parts
from raysal.acquisition.selection.top_k import Pick
from raysal.acquisition.strategies.random import Random
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.parts import drop_failed_parts, finished_parts
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.jobs import ScoreJob
from raysal.errors import BadImagesError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.context import check_share
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_encoder import lay_encoder
from raysal.experiment.stage import once
from raysal.models import MODEL_FILE
from raysal.models.feature_encoder import remove_encoder
from raysal.models.untrained import save_untrained
from raysal.progress import Watch


def start_picks(
    config: ExperimentConfig,
    layout: RunLayout,
    pool: Pool,
    engine: Callable[[], Engine],
    watch: Watch,
    *,
    excluded: frozenset[str],
    known: frozenset[str],
    count: int,
) -> list[Pick]:
    """Up to `count` images to label first, chosen by `al.start` on the features of the untrained
    network, or of the encoder that `features` names, in the order of choice; fewer if there are
    fewer.

    Args:
        engine: called only if the features are not there yet.
        excluded: images that must not be chosen and count for nothing, such as test images.
        known: images that are labelled already: they are not chosen, and nothing like them needs
            to be.

    Raises:
        BadImagesError: too many images are unreadable.
        DataError: a feature is not a finite number.
    """
    assert config.al.start != "random"
    if count < 1:
        return []
    compute = partial(_features, config, pool, engine, watch, excluded - known)
    folder = once(
        layout.initial.features, compute, resumable=True, fingerprint=config.fingerprint()
    )
    ids, vectors_ND = read_features(str(folder), sorted(finished_parts(str(folder))))
    watch.start(f"choose initial images ({config.al.start})", None)
    chosen = first_images(config.al.start, ids, vectors_ND, known, count, config.seed)
    watch.finish()
    return chosen


def _features(
    config: ExperimentConfig,
    pool: Pool,
    engine: Callable[[], Engine],
    watch: Watch,
    excluded: frozenset[str],
    draft: Path,
) -> None:
    """Write the features of the pool: of the encoder that `features` names, or of the network as
    its training will start, the encoder's last stage, averaged over the image.

    What an interrupted attempt has written is kept.
    """
    data = config.data
    weights = config.model.weights if config.features is None else config.features.weights
    if weights == "none":
        what, section = (
            ("a network", "model") if config.features is None else ("an encoder", "features")
        )
        watch.say(
            f"al.start={config.al.start}: features of {what} with random weights "
            f"({section}.weights=none)"
        )
    model = draft / MODEL_FILE
    made_by: dict[str, Any]
    if config.features is None:
        stage = save_untrained(
            model,
            config.resolved_model,
            data.class_names,
            data.palette,
            data.size,
            config.seed,
            data.pixels,
            data.tile,
        )
        made_by = {"model": model, "features": stage}
    else:
        made_by = {"model": None, **lay_encoder(config, draft, watch)}
    count = sum(image_id not in excluded for image_id in pool.ids())
    job = ScoreJob(
        pool=pool,
        out=str(draft),
        size=data.size,
        precision=config.train.precision,
        seed=config.seed,
        round_index=0,
        units=None,
        strategy=Random(),  # Its scores are not read.
        candidates=Candidates((config.seed, 0), None, excluded, count),
        pixels=data.pixels,
        tile=data.tile,
        **made_by,
    )
    own = config.features is not None
    watch.start(f"features of {'the encoder' if own else 'the untrained network'}", count)
    engine().over_pool(job, lambda report: watch.advance(report.images))
    watch.finish()
    bad = sorted(row.image_id for row in read_parts(str(draft)) if row.error is not None)
    try:
        check_share(config, watch, "initial images", bad, count, "images of the pool")
    except BadImagesError:
        drop_failed_parts(str(draft))
        raise
    model.unlink(missing_ok=True)  # Nothing reads it again, and it can be made again.
    remove_encoder(str(draft))
