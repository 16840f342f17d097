"""Scoring a pool with a trained model, without a loop around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyarrow import fs

from raysal.acquisition.base import Strategy
from raysal.acquisition.selection.score_parts import Scored, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.settings import local_paths
from raysal.curate.score_folder import (
    Key,
    Scope,
    Scoring,
    check_same,
    one_writer,
    read_scoring,
    write_scoring,
)
from raysal.data.pool.candidates import Candidates, draw_candidates, first_candidates
from raysal.data.pool.parts import drop_failed_parts, drop_parts, finished_parts, part_name
from raysal.data.pool.reader import Pool
from raysal.engine.base import Engine
from raysal.engine.jobs import PartReport, ScoreJob
from raysal.engine.workers.model_checks import check_needs
from raysal.errors import BadImagesError, ConfigError
from raysal.experiment.train_adversary import adversary_of, scored_by
from raysal.inference.precision import Precision
from raysal.models.checkpoint import load_model
from raysal.models.features import PooledFeatures
from raysal.progress import Watch
from raysal.storage.uri import absolute, resolve, shown


@dataclass(frozen=True)
class PoolScores:
    """What a scoring came to.

    Attributes:
        folder: where the scores lie, as it may be shown.
        images: that have a score; `new` of them were scored now, in `seconds`.
        best: the highest scores, best first.
        bad: (image id, reason) of what has no score.
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
    features: str | None = None,
    precision: Precision = "auto",
    seed: int = 0,
    max_bad_share: float = 0.01,
    show: int = 10,
) -> PoolScores:
    """Score a pool's images into `out`; run again, it scores what is missing.

    What has a score is never scored again, and nothing is started where all have one. Asking for
    more (a larger `limit`, more `candidates`, a pool built anew) scores the difference; asking
    for less changes nothing.

    Args:
        out: folder or URI.
        limit: score the first so many in pool order, of the candidates if there is a lottery.
        candidates: share of the pool that the lottery of (seed, image id) draws.
        features: stage whose average is written with each score; see `PooledFeatures`.
        show: how many of the best to return.

    Raises:
        CheckpointError: no model there, or one that lacks what the strategy reads, such as an
            adversary beside it.
        ConfigError: no such stage, a share of candidates that is no image, or a strategy that
            gives no scores.
        PoolError: no pool there.
        RunError: `out` holds the scores of another model, pool or strategy, or is in use.
        BadImagesError: too many unreadable images; running again tries those again.
    """
    if strategy.together:
        raise ConfigError(
            f"--acquisition {strategy.name}: it gives no image a score of its own, but chooses "
            "images together in the rounds of 'raysal run'; score with another strategy and "
            "--features aspp, and keep what is chosen apart with 'raysal select --min-distance'"
        )
    pool, out = Pool.open(absolute(pool_uri)), absolute(out)
    loaded = load_model(model)
    check_needs(strategy, loaded)
    if features is not None:
        PooledFeatures(loaded.model, features)
    key = Key(
        model=scored_by(strategy, loaded, model), strategy=strategy.dump(), precision=precision,
        seed=seed if strategy.draws_lots else None, features=features,
    )  # fmt: skip
    share = None if candidates in (None, 1.0) else candidates
    scope = Scope(
        pool=shown(pool.uri), fingerprint=pool.fingerprint,
        limit=None if limit is None or limit >= pool.images else limit,
        candidates=share, lottery=None if share is None else seed,
    )  # fmt: skip
    start, new = time.perf_counter(), 0
    with one_writer(out):
        there = read_scoring(out)
        if there is not None:
            check_same(out, there, key, scope.pool)
        if there is None or not _answers(there, scope, out):
            used = model if strategy.needs or features else None
            job = _job(pool, scope, used, strategy, out, loaded.size, key, seed)
            if (adversary := adversary_of(strategy, model)) is not None:
                job = replace(job, adversary=adversary.absolute())
            if there is not None:
                job = _continued(job, there, scope)
            there = Scoring(
                key=key, scope=scope, size=loaded.size, units=len(job.pool.units),
                recheck=job.recheck, finished=False,
            )  # fmt: skip
            write_scoring(out, there)
            new = _score(job, model, make_engine, watch)
        tally = _Tally()
        best = top_k(tally.picks(read_parts(out)), show)
        _finish(out, there, tally, max_bad_share)
    seconds = time.perf_counter() - start
    return PoolScores(shown(out), tally.scored, new, seconds, best, tally.bad)


def _answers(there: Scoring, scope: Scope, out: str) -> bool:
    """Whether all scores of a scope lie there already."""
    return there.finished and there.scope.covers(scope) and there.missing(out) == 0


def _job(
    pool: Pool, scope: Scope, model: Path | None, strategy: Strategy, out: str,
    size: tuple[int, int], key: Key, seed: int,
) -> ScoreJob:  # fmt: skip
    """The scoring of a scope, as if nothing were there."""
    candidates = Candidates((seed, 0), None, frozenset(), pool.images)
    if scope.candidates is not None:
        candidates = draw_candidates(pool, (), scope.candidates, seed, 0)
        if candidates.count == 0:
            raise ConfigError(
                f"--candidates {scope.candidates:g} of {pool.images} images is none; raise it"
            )
    if scope.limit is not None:
        pool, candidates = first_candidates(pool, candidates, scope.limit)
    return ScoreJob(
        pool=pool, model=None if model is None else model.absolute(), strategy=strategy,
        candidates=candidates, out=out, size=size, precision=key.precision, seed=seed,
        round_index=0, units=None, features=key.features,
    )  # fmt: skip


def _continued(job: ScoreJob, there: Scoring, scope: Scope) -> ScoreJob:
    """The same job over what is there: told to look into the parts if they may be of another scope.

    Where the pool was built anew, parts that no unit will rewrite are removed.
    """
    if there.scope.fingerprint != scope.fingerprint:
        names = {part_name(unit.name) for unit in job.pool.units}
        drop_parts(job.out, finished_parts(job.out) - names)
    return replace(job, recheck=there.recheck or there.scope != scope)


def _score(job: ScoreJob, model: Path, make_engine: Callable[[], Engine], watch: Watch) -> int:
    """Fill the folder; how many images that took."""
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
        if isinstance(filesystem, fs.LocalFileSystem):  # An object store is everywhere.
            reads = {"MODEL": str(model.absolute()), "POOL": job.pool.uri}
            engine.check_storage(Path(folder), local_paths(reads))
        watch.start("score", round(share * sum(unit.rows for unit in units)))
        engine.over_pool(job, on_part)
        watch.finish()
    finally:
        engine.close()
    return new


@dataclass
class _Tally:
    """Counts of a stream of results as it passes by."""

    scored: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)

    def picks(self, rows: Iterable[Scored]) -> Iterator[Pick]:
        """Those that have a score."""
        for row in rows:
            if row.score is None:
                self.bad.append((row.image_id, row.error or ""))
            else:
                self.scored += 1
                yield Pick(row.image_id, row.score)


def _finish(out: str, there: Scoring, tally: _Tally, max_bad_share: float) -> None:
    """Record that the folder is whole, unless too much of it could not be read."""
    bad, images = len(tally.bad), tally.scored + len(tally.bad)
    if bad > max_bad_share * images:
        write_scoring(out, there.model_copy(update={"recheck": True, "finished": False}))
        drop_failed_parts(out)
        image_id, reason = tally.bad[0]
        raise BadImagesError(
            f"{bad} of {images} images are unreadable, more than the share of {max_bad_share:g} "
            f"that is allowed; the first: '{image_id}': {reason}"
        )
    if not there.finished:
        write_scoring(out, there.model_copy(update={"recheck": False, "finished": True}))
