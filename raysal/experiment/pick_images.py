"""Choose the best of the scored images: by their scores, or jointly by their features."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from raysal.acquisition.needs import Metric
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.data.labels import labelled_ids
from raysal.data.pool.candidates import Listed
from raysal.engine.jobs import KCenterJob, ScoreJob
from raysal.experiment.context import Round, pool_job
from raysal.experiment.own_encoder import lay_encoder

LABELLED = "labelled"


def vectors_by(r: Round, draft: Path) -> dict[str, Any]:
    """What makes the vectors that the strategy reads: arguments of a `ScoreJob`."""
    c, needs = r.config, r.config.image_strategy.needs
    if c.features is None or needs.features is None:
        return {"features": needs.stage}
    return lay_encoder(c, draft, r.watch, LABELLED)


def score_labelled(r: Round, model: Path, draft: Path, made_by: Mapping[str, Any]) -> None:
    """Write the features of all wholly or partly labelled images beside the candidates' scores.

    They are all in the pool, because they were chosen from it.

    Args:
        made_by: see `vectors_by`.
    """
    labelled = frozenset(
        image_id for folder in r.layout.label_folders(r.index) for image_id in labelled_ids(folder)
    )
    out = draft / LABELLED
    out.mkdir(exist_ok=True)
    job = ScoreJob(
        **pool_job(r, None if "encoder" in made_by else model, out, labelled),
        **made_by,
        strategy=r.config.acquisition,
        candidates=Listed(labelled),
    )
    r.watch.start(f"round {r.index}: features of labelled images", len(labelled))
    r.engine.over_pool(job, lambda report: r.watch.advance(report.images))
    r.watch.finish()
    if bad := sorted(row.image_id for row in read_parts(str(out)) if row.error is not None):
        r.watch.say(
            f"round {r.index}: {len(bad)} of {len(labelled)} labelled images have no features; "
            f"the query may hold similar images: {', '.join(bad[:5])}{', ...' if bad[5:] else ''}"
        )


def best_images(r: Round, scores: Path, limit: int) -> Iterable[Pick]:
    """Up to `limit` of the scored images, best first, without those that have gone since.

    Raises:
        DataError: features are not finite numbers.
    """
    features = r.config.acquisition.needs.features
    if features is None:
        return top_k(still_there(r, picks(read_parts(str(scores)))), limit)
    return _far_apart(r, scores, features.metric, limit)


def still_there(r: Round, scored: Iterable[Pick]) -> Iterator[Pick]:
    """The scored images that may be queried: some may have gone since they were scored."""
    return (pick for pick in scored if pick.image_id not in r.excluded)


def _far_apart(r: Round, scores: Path, metric: Metric, limit: int) -> Iterator[Pick]:
    job = KCenterJob(
        pool=r.pool,
        scores=str(scores),
        labelled=str(scores / LABELLED),
        metric=metric,
        seed=r.config.seed,
        round_index=r.index,
    )
    r.watch.start(f"round {r.index}: choose", limit)
    try:
        for pick in itertools.islice(still_there(r, r.engine.k_center(job)), limit):
            r.watch.advance(1)
            yield pick
    finally:
        r.watch.finish()
