"""Scoring a pool with a trained model, without a loop around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.acquisition.score_parts import picks, read_parts
from raysal.acquisition.select import Pick, top_k
from raysal.config.base import local_paths
from raysal.config.files import read_json, write_json
from raysal.data.candidates import Candidates
from raysal.data.parts import drop_failed_parts
from raysal.data.pool import Pool
from raysal.engine.base import Engine, ScoreJob
from raysal.engine.scorer import check_needs
from raysal.errors import BadImagesError, RunError
from raysal.models.checkpoint import load_model
from raysal.rounds.lock import locked
from raysal.rounds.watch import Watch
from raysal.training.config import Precision

REQUEST = "scoring.json"


@dataclass(frozen=True)
class PoolScores:
    """What a scoring came to.

    Attributes:
        best: the highest scores, best first.
        bad: (image id, reason) of what has no score.
    """

    folder: Path
    images: int
    best: list[Pick]
    bad: list[tuple[str, str]]


def score_pool(
    model: Path,
    pool_uri: str,
    strategy: Strategy,
    out: Path,
    make_engine: Callable[[], Engine],
    watch: Watch,
    *,
    precision: Precision = "auto",
    seed: int = 0,
    max_bad_share: float = 0.01,
    show: int = 10,
) -> PoolScores:
    """Score every image of a pool into `out`; run again, it scores what is missing.

    Args:
        show: how many of the best to return.

    Raises:
        CheckpointError: no model there, or one that lacks what the strategy reads.
        PoolError: no pool there.
        RunError: `out` holds the scores of another model, pool or strategy, or is in use.
        BadImagesError: too many unreadable images; running again tries those again.
    """
    pool = Pool.open(pool_uri)
    loaded = load_model(model)
    job = ScoreJob(
        pool=pool, model=model.absolute() if strategy.needs else None, strategy=strategy,
        candidates=Candidates((seed, 0), None, frozenset(), pool.images), out=str(out.absolute()),
        size=loaded.size, precision=precision, seed=seed, round_index=0, units=None,
    )  # fmt: skip
    check_needs(strategy, loaded)
    request = {
        "version": 1,
        "model": loaded.digest,
        "pool": pool.uri,
        "images": pool.images,
        "strategy": strategy.dump(),
        "precision": precision,
        "seed": seed,
    }
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        _claim(out, request)
        engine = make_engine()
        try:
            engine.check_storage(
                out, local_paths({"MODEL": str(model.absolute()), "POOL": pool.uri})
            )
            watch.start("score", pool.images)
            engine.over_pool(job, lambda report: watch.advance(report.images))
            watch.finish()
        finally:
            engine.close()
        bad = [(r.image_id, r.error) for r in read_parts(job.out) if r.error is not None]
        if len(bad) > max_bad_share * pool.images:
            drop_failed_parts(job.out)
            raise BadImagesError(
                f"{len(bad)} of {pool.images} images are unreadable, more than the share of "
                f"{max_bad_share:g} that is allowed; the first: '{bad[0][0]}': {bad[0][1]}"
            )
        best = top_k(picks(read_parts(job.out)), show)
    return PoolScores(out, pool.images - len(bad), best, bad)


def _claim(out: Path, request: dict[str, object]) -> None:
    path = out / REQUEST
    if not path.exists():
        write_json(path, request)
        return
    theirs = read_json(path)
    changed = [key for key, value in request.items() if theirs.get(key) != value]
    if changed:
        raise RunError(
            f"{out} holds scores of another request (another {', '.join(changed)}); "
            "give --out another folder"
        )
