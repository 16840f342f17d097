"""Core-set's running minimum, compared with recomputing all distances at each pick."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition.selection.k_center import (
    Farthest,
    LocalShards,
    Shard,
    k_center_greedy,
    tie_width,
)
from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.bench.engines import built
from raysal.bench.machine import prepare
from raysal.bench.result import Result
from raysal.bench.timing import Timing
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.engine.build import engine_info
from raysal.engine.jobs import KCenterJob
from raysal.progress import Watch

UNIT_IMAGES = 500
# Recomputation is timed at this many picks, evenly spaced: its time is linear in the centres.
SAMPLES = 10

R = TypeVar("R")
How = Literal["pair by pair", "as a matrix product"]
MODES: dict[How, str] = {
    "pair by pair": "donot_use_mm_for_euclid_dist",
    "as a matrix product": "use_mm_for_euclid_dist",
}


@dataclass(frozen=True)
class Cloud:
    """Normally distributed features of candidates and labelled images."""

    vectors_ND: np.ndarray
    labelled_KD: np.ndarray

    @classmethod
    def draw(cls, images: int, features: int, labelled: int) -> Cloud:
        """A random cloud; equal sizes give equal clouds."""
        rng = np.random.default_rng(0)
        all_ND = rng.normal(size=(labelled + images, features)).astype(np.float32)
        return cls(all_ND[labelled:], all_ND[:labelled])

    @property
    def ids(self) -> list[str]:
        """Names of the candidates."""
        return [f"image-{index:07d}" for index in range(len(self.vectors_ND))]


@dataclass(frozen=True)
class Work:
    """How much is done.

    Attributes:
        images: candidates.
        features: length of a vector.
        labelled: images that are labelled already.
        budget: images to choose.
        shards: that the pool is divided into.
        rounds: number of alternating measurements.
    """

    images: int = 10_000
    features: int = 256
    labelled: int = 200
    budget: int = 500
    shards: int = 4
    rounds: int = 3


def bench(work: Work, engine: str, watch: Watch) -> Result:
    """Time the running minimum in one piece, in shards and by an engine, and recomputation.

    The result is wrong if they do not make the same choice.
    """
    settings = prepare()
    cloud = Cloud.draw(work.images, work.features, work.labelled)
    per_actor = -(-work.images // work.shards)
    taken: dict[str, list[float]] = defaultdict(list)
    same = True
    with tempfile.TemporaryDirectory(prefix="raysal-bench-") as folder:
        job = write_cloud(cloud, Path(folder))
        with built(engine, vectors_per_actor=per_actor) as running:
            running_minimum(cloud, min(work.budget, 10), 1)
            by_engine(running, job, min(work.budget, 10))
            watch.start("choose", work.rounds)
            for _ in range(work.rounds):
                picks, seconds = running_minimum(cloud, work.budget, 1)
                taken["whole"].append(seconds)
                in_shards, seconds = running_minimum(cloud, work.budget, work.shards)
                taken["shards"].append(seconds)
                same &= [far.index for far in in_shards] == [far.index for far in picks]
                ids, seconds = by_engine(running, job, work.budget)
                taken["engine"].append(seconds)
                same &= ids == [far.image_id for far in picks]
                for how in MODES:
                    again = recompute(cloud, picks, how)
                    taken[how].append(again.seconds)
                    # A matrix product rounds differently, which is why it is not used.
                    same &= again.same or how == "as a matrix product"
                watch.advance(1)
            watch.finish()
    timing = Timing({name: tuple(seconds) for name, seconds in taken.items()})
    where = f"{per_actor} vectors per actor" if engine_info(engine).distributed else "one process"
    whole = "running minimum"
    rows: dict[str, str] = {
        "whole": whole,
        "shards": f"in {work.shards} shards",
        "engine": f"engine {engine}: {where}, with reading",
        **{str(how): f"all distances at each pick, {how}" for how in MODES},
    }
    return Result(
        "coreset",
        tuple(timing.duration(key, what, "whole", whole, "s") for key, what in rows.items()),
        {**asdict(work), "engine": engine, **settings},
        (
            f"all distances: measured at {again.measured} evenly spaced picks, with the centres "
            f"chosen until then, and extrapolated to all {len(picks)}",
            *(["all ways give the same picks"] if same else []),
        ),
        wrong="" if same else "the picks differ",
    )


def small(engine: str, watch: Watch) -> Result:
    """See `raysal.bench.whole`."""
    return bench(Work(), engine, watch)


@dataclass(frozen=True)
class Recomputed:
    """Recomputation of all distances at each pick.

    Attributes:
        seconds: for all picks, extrapolated from those measured.
        measured: number of picks measured.
        same: whether these picks equal those of the running minimum.
    """

    seconds: float
    measured: int
    same: bool


def running_minimum(cloud: Cloud, budget: int, shards: int) -> tuple[list[Farthest], float]:
    """Picks of the running minimum in this process, and the seconds they took."""
    ids = cloud.ids
    pieces = np.array_split(np.arange(len(ids)), shards)

    def run() -> list[Farthest]:
        dealt = LocalShards(
            [
                Shard([ids[i] for i in piece], cloud.vectors_ND[piece], int(piece[0]), "l2")
                for piece in pieces
                if len(piece)
            ]
        )
        return list(itertools.islice(k_center_greedy(dealt, cloud.labelled_KD, 0, 0), budget))

    return timed(run)


def recompute(cloud: Cloud, picks: Sequence[Farthest], how: How) -> Recomputed:
    """Recompute all distances at some of the picks, to the centres known by then."""
    vectors_ND = torch.from_numpy(cloud.vectors_ND)
    centres_KD = torch.from_numpy(
        np.concatenate([cloud.labelled_KD, *(pick.vector_D[None] for pick in picks)])
    )
    width = tie_width(centres_KD[: len(cloud.labelled_KD)])
    at = sorted({round(k) for k in np.linspace(0, len(picks) - 1, SAMPLES)})
    taken, same = [], True
    for k in at:
        there_KD = centres_KD[: len(cloud.labelled_KD) + k]
        best, seconds = timed(partial(_farthest, vectors_ND, there_KD, width, how))
        taken.append(seconds)
        same &= best == picks[k].index
    return Recomputed(float(np.mean(taken)) * len(picks), len(at), same)


def _farthest(vectors_ND: Tensor, centres_KD: Tensor, width: float, how: How) -> int:
    nearest_N = torch.cdist(vectors_ND, centres_KD, compute_mode=MODES[how]).amin(1)
    level_N = nearest_N / width
    return int((level_N >= level_N.max() - 1).nonzero()[0])


def write_cloud(cloud: Cloud, folder: Path, unit_images: int = UNIT_IMAGES) -> KCenterJob:
    """Write the cloud as score parts; returns the job that picks from them."""
    units: list[int] = []
    for kind, vectors_ND in (("scores", cloud.vectors_ND), ("labelled", cloud.labelled_KD)):
        (folder / kind).mkdir(parents=True)
        ids = cloud.ids if kind == "scores" else [f"label-{k}" for k in range(len(vectors_ND))]
        for index, start in enumerate(range(0, len(ids), unit_images)):
            rows = slice(start, start + unit_images)
            scored = [
                Scored(i, 0.0, vector=v) for i, v in zip(ids[rows], vectors_ND[rows], strict=True)
            ]
            write_part(str(folder / kind), f"part-00000-{index:05d}", scored, vectors=True)
            if kind == "scores":
                units.append(len(scored))
    pool = Pool(str(folder), len(cloud.ids), (("part-00000.parquet", tuple(units)),), ())
    return KCenterJob(pool, str(folder / "scores"), str(folder / "labelled"), "l2", 0, 0)


def by_engine(engine: Engine, job: KCenterJob, budget: int) -> tuple[list[str], float]:
    """Ids that an engine picks, and the seconds it took, reading included."""
    return timed(lambda: [pick.image_id for pick in itertools.islice(engine.k_center(job), budget)])


def timed(run: Callable[[], R]) -> tuple[R, float]:
    """The result of a function, and the seconds it took."""
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start
