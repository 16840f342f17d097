"""Scoring that takes its time and keeps count; importable by workers in other processes."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from torch import Tensor

from raysal.acquisition.base import PoolBatch
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.parts import finished_parts, part_name
from raysal.engine.jobs import ScoreJob
from tests.support.material import SIZE, Material


class SlowScore(DifficultyScore):
    """DS; every image that is scored leaves its id in a file of the process that did it."""

    seconds: float
    """Per image."""
    tally: str
    """Folder of the files."""

    def score(self, batch: PoolBatch) -> Tensor:
        """As `DifficultyScore`."""
        time.sleep(self.seconds * len(batch.image_ids))
        with (Path(self.tally) / str(os.getpid())).open("a") as file:
            file.writelines(f"{image_id}\n" for image_id in batch.image_ids)
        return super().score(batch)


def times_scored(tally: Path) -> Counter[str]:
    """How often each image was scored, by any process."""
    return Counter(line for file in tally.iterdir() for line in file.read_text().split())


def score_job(material: Material, out: Path, seconds: float = 0.0) -> ScoreJob:
    """All of the pool, at so many seconds per image; 0 is plain DS, which any Ray knows."""
    slow = SlowScore(seconds=seconds, tally=str(out / "tally"))
    pool = material.pools["many shards"]
    (out / "parts").mkdir(parents=True)
    (out / "tally").mkdir()
    return ScoreJob(
        pool=pool, model=material.model,
        strategy=slow if seconds else DifficultyScore(),
        candidates=Candidates((0, 0), None, frozenset(), pool.images), out=str(out / "parts"),
        size=SIZE, precision="auto", seed=0, round_index=0, units=None,
    )  # fmt: skip


def best(job: ScoreJob) -> list[str]:
    """A third of the images, best first; every unit has its part, once."""
    assert finished_parts(job.out) == {part_name(unit.name) for unit in job.pool.units}
    rows = list(read_parts(job.out))
    assert len({row.image_id for row in rows}) == len(rows) == job.pool.images
    chosen: list[Pick] = top_k(picks(rows), 15)
    return [pick.image_id for pick in chosen]
