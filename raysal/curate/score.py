"""Score a pool with a trained model, outside the active learning loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyarrow import fs

from raysal.acquisition.base import Strategy
from raysal.acquisition.selection.score_parts import Scored, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.curate.score_folder import (
    Key,
    Scope,
    Scoring,
    check_place,
    check_same,
    one_writer,
    part_hashes,
    read_scoring,
    write_scoring,
)
from raysal.data.pool.candidates import Candidates, draw_candidates, first_candidates
from raysal.data.pool.outside import STRICT, Permits
from raysal.data.pool.parts import drop_failed_parts, drop_parts, finished_parts, part_name
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.engine.workers.model_checks import check_needs
from raysal.errors import BadImagesError, ConfigError
from raysal.experiment.integrity import check_model_stage
from raysal.experiment.train_adversary import adversary_of, scored_by
from raysal.inference.precision import Precision
from raysal.models.checkpoint import load_model
from raysal.models.feature_config import FeatureConfig
from raysal.models.feature_encoder import build_encoder, remove_encoder, save_encoder
from raysal.models.features import PooledFeatures
from raysal.progress import Watch
from raysal.storage.uri import absolute, resolve, shown


@dataclass(frozen=True)
class PoolScores:
    """Result of scoring a pool.

    Attributes:
        folder: the score folder, without credentials.
        images: number of images that have a score; `new` of them were scored now, in `seconds`.
        best: the highest scores, best first.
        bad: (image id, reason) of the images without a score.
    """

    folder: str
    images: int
    new: int
    seconds: float
    best: list[Pick]
    bad: list[tuple[str, str]]


def score_pool(
    model: Path,
    pool_uri: str,
    strategy: Strategy,
    out: str,
    make_engine: Callable[[], Engine],
    watch: Watch,
    *,
    limit: int | None = None,
    candidates: float | None = None,
    features: str | FeatureConfig | None = None,
    precision: Precision = "auto",
    seed: int = 0,
    max_bad_share: float = 0.01,
    show: int = 10,
    permits: Permits = STRICT,
) -> PoolScores:
    """Score a pool's images into `out`; a second call scores only the missing ones.

    An image is never scored twice, and if all have a score, no engine is started. Asking for more
    (a larger `limit`, more `candidates`, a rebuilt pool) scores the difference; asking for less
    changes nothing.

    Args:
        out: folder or URI.
        limit: score only the first `limit` images in pool order, or that many candidates.
        candidates: share of the pool to draw at random, by (seed, image id).
        features: what makes a vector that is written with each score: a stage of the network (see
            `PooledFeatures`), or an encoder of its own.
        show: how many of the best to return.
        permits: what the pool may make raysal read.

    Raises:
        CheckpointError: the checkpoint is absent, or lacks what the strategy reads, such as an
            adversary beside it.
        ConfigError: the stage does not exist, the encoder cannot be made, no candidates are left,
            or the strategy gives no scores.
        PoolError: there is no pool.
        RunError: `out` holds the scores of another model, pool or strategy, or files that raysal
            did not make, or is in use.
        BadImagesError: too many images are unreadable; a second call tries them again.
    """
    check_scores(strategy)
    out = absolute(out)
    check_place(out)
    pool = Pool.open(absolute(pool_uri), permits)
    check_model_stage(model)
    loaded = load_model(model)
    check_needs(strategy, loaded)
    encoder = None
    if isinstance(features, FeatureConfig):
        encoder = build_encoder(features, seed, loaded.pixels, loaded.size)
    elif features is not None:
        PooledFeatures(loaded.model, features)
    key = Key(
        model=scored_by(strategy, loaded, model), strategy=strategy.dump(), precision=precision,
        seed=seed if strategy.draws_lots else None,
        features=features if encoder is None else encoder.label,
    )  # fmt: skip
    share = None if candidates in (None, 1.0) else candidates
    scope = Scope(
        pool=shown(pool.uri), fingerprint=pool.fingerprint,
        limit=None if limit is None or limit >= pool.images else limit,
        candidates=share, lottery=None if share is None else seed,
    )  # fmt: skip
    start, new = time.perf_counter(), 0
    with one_writer(out):
        existing = read_scoring(out)
        if existing is not None:
            check_same(out, existing, key, scope.pool)
            part_hashes(out).check()
        if existing is None or not _already_scored(existing, scope, out):
            of_network = features is not None and encoder is None
            used = model if strategy.needs.names or of_network else None
            job = _job(pool, scope, used, strategy, out, loaded.working_size, key, seed)
            if (adversary := adversary_of(strategy, model)) is not None:
                job = replace(job, adversary=adversary.absolute())
            job = replace(job, pixels=loaded.pixels, tile=loaded.tile)
            if encoder is not None:
                job = replace(job, encoder=out)
            if existing is not None:
                job = _resumed(job, existing, scope)
            existing = Scoring(
                key=key, scope=scope, size=loaded.working_size, units=len(job.pool.units),
                recheck=job.recheck, finished=False,
            )  # fmt: skip
            write_scoring(out, existing)
            part_hashes(out).drop()
            pool.check()
            if encoder is not None:
                save_encoder(encoder, out)
            new = _score(job, model, make_engine, watch)
            remove_encoder(out)
        tally = _Tally()
        best = top_k(tally.picks(read_parts(out)), max(show, 1))[:show]  # Counts all rows.
        _finish(out, existing, tally, max_bad_share)
    seconds = time.perf_counter() - start
    return PoolScores(shown(out), tally.scored, new, seconds, best, tally.bad)


def check_scores(strategy: Strategy) -> None:
    """Check that a strategy scores single images.

    Raises:
        ConfigError: it chooses them together.
    """
    if strategy.needs.features is not None:
        raise ConfigError(
            f"acquisition.name={strategy.name} gives no scores to single images, but chooses "
            "them together in the rounds of 'raysal run'; score with another strategy, "
            "with features such as aspp, and then select with min_distance"
        )


def _already_scored(existing: Scoring, scope: Scope, out: str) -> bool:
    """Whether the folder holds all scores of a scope."""
    return existing.finished and existing.scope.covers(scope) and existing.missing(out) == 0


def _job(
    pool: Pool, scope: Scope, model: Path | None, strategy: Strategy, out: str,
    size: tuple[int, int], key: Key, seed: int,
) -> ScoreJob:  # fmt: skip
    """The job of scoring a scope from scratch."""
    candidates = Candidates((seed, 0), None, frozenset(), pool.images)
    if scope.candidates is not None:
        candidates = draw_candidates(pool, (), scope.candidates, seed, 0)
        if candidates.count == 0:
            raise ConfigError(
                f"candidates={scope.candidates:g} of {pool.images} images leaves none; raise it"
            )
    if scope.limit is not None:
        pool, candidates = first_candidates(pool, candidates, scope.limit)
    return ScoreJob(
        pool=pool, model=None if model is None else model.absolute(), strategy=strategy,
        candidates=candidates, out=out, size=size, precision=key.precision, seed=seed,
        round_index=0, units=None, features=key.features,
    )  # fmt: skip


def _resumed(job: ScoreJob, existing: Scoring, scope: Scope) -> ScoreJob:
    """The job over existing scores: it checks each part if some may belong to another scope.

    If the pool was rebuilt, parts that no unit will overwrite are removed.
    """
    if existing.scope.fingerprint != scope.fingerprint:
        names = {part_name(unit.name) for unit in job.pool.units}
        drop_parts(job.out, finished_parts(job.out) - names)
    return replace(job, recheck=existing.recheck or existing.scope != scope)


def _score(job: ScoreJob, model: Path, make_engine: Callable[[], Engine], watch: Watch) -> int:
    """Score what is missing; returns the number of images scored."""
    units = job.missing_units()
    if not units:
        return 0
    new = 0

    def on_part(report: PartReport) -> None:
        nonlocal new
        new += report.images
        watch.advance(report.images + report.kept)

    share = job.candidates.count / job.pool.images
    engine = make_engine()
    try:
        filesystem, folder = resolve(job.out)
        if isinstance(filesystem, fs.LocalFileSystem):  # All nodes reach an object store.
            reads = {"model": str(model.absolute()), "pool": job.pool.uri}
            here = {name: path for name, path in reads.items() if Path(path).exists()}
            engine.check_storage(Path(folder), here)
        watch.start("score", round(share * sum(unit.rows for unit in units)))
        engine.over_pool(job, on_part)
        watch.finish()
    finally:
        engine.close()
    return new


@dataclass
class _Tally:
    """Counts scored and bad images in a stream of results."""

    scored: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)

    def picks(self, rows: Iterable[Scored]) -> Iterator[Pick]:
        """Yield the images that have a score."""
        for row in rows:
            if row.score is None:
                self.bad.append((row.image_id, row.error or ""))
            else:
                self.scored += 1
                yield Pick(row.image_id, row.score)


def _finish(out: str, existing: Scoring, tally: _Tally, max_bad_share: float) -> None:
    """Record that the folder is complete, unless too many images are unreadable."""
    bad, images = len(tally.bad), tally.scored + len(tally.bad)
    if bad > max_bad_share * images:
        write_scoring(out, existing.model_copy(update={"recheck": True, "finished": False}))
        part_hashes(out).drop()
        drop_failed_parts(out)
        image_id, reason = tally.bad[0]
        raise BadImagesError(
            f"{bad} of {images} images are unreadable, more than the allowed share of "
            f"{max_bad_share:g}; the first: '{image_id}': {reason}"
        )
    if not existing.finished:
        part_hashes(out).write()
        write_scoring(out, existing.model_copy(update={"recheck": False, "finished": True}))
