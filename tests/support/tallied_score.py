"""A strategy that records which images it scores; workers in other processes can import it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from torch import Tensor

from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.selection.score_parts import picks, read_parts
from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.acquisition.strategies.difficulty import DifficultyScore
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.parts import finished_parts, part_name
from raysal.engine.jobs import ScoreJob
from tests.support.material import SIZE, Material

STOP = "stop-after"


class TalliedScore(DifficultyScore):
    """DS that appends the id of each scored image to a file of the process."""

    tally: str
    """Folder of these files."""
    seconds: float = 0.0
    """Delay per image."""

    def score(self, batch: PoolBatch) -> Tensor:
        """As `DifficultyScore`."""
        time.sleep(self.seconds * len(batch.image_ids))
        tally = Tally(Path(self.tally))
        if tally.is_interrupted():
            raise KeyboardInterrupt
        with tally.file.open("a") as file:
            file.writelines(f"{image_id}\n" for image_id in batch.image_ids)
        return super().score(batch)


@dataclass(frozen=True)
class Tally:
    """Reads what `TalliedScore` has scored."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file of this process."""
        return self.folder / str(os.getpid())

    def ids(self) -> list[str]:
        """Ids scored by this process, in order."""
        return self.file.read_text().split() if self.file.exists() else []

    def times(self) -> Counter[str]:
        """How often each image was scored, by any process."""
        return Counter(line for file in self.folder.iterdir() for line in file.read_text().split())

    def clear(self) -> None:
        """Forget what this process scored."""
        self.file.unlink(missing_ok=True)

    @contextmanager
    def interrupted_after(self, images: int) -> Iterator[None]:
        """Interrupt the block as Ctrl-C does, once this process has scored `images` images."""
        stop = self.folder / STOP
        stop.write_text(str(images))
        try:
            with pytest.raises(KeyboardInterrupt):
                yield
        finally:
            stop.unlink()

    def is_interrupted(self) -> bool:
        """Whether the strategy has to interrupt now."""
        stop = self.folder / STOP
        return stop.exists() and len(self.ids()) >= int(stop.read_text())


def score_job(material: Material, out: Path, seconds: float = 0.0) -> ScoreJob:
    """All of the pool, at `seconds` per image; 0 is plain DS, which any worker can import."""
    slow = TalliedScore(seconds=seconds, tally=str(out / "tally"))
    pool = material.pools["many shards"]
    (out / "parts").mkdir(parents=True)
    (out / "tally").mkdir()
    return ScoreJob(
        pool=pool,
        model=material.model,
        strategy=slow if seconds else DifficultyScore(),
        candidates=Candidates((0, 0), None, frozenset(), pool.images),
        out=str(out / "parts"),
        size=SIZE,
        precision="auto",
        seed=0,
        round_index=0,
        units=None,
    )


def best(job: ScoreJob) -> list[str]:
    """A third of the images, best first; every unit has its part, once."""
    assert finished_parts(job.out) == {part_name(unit.name) for unit in job.pool.units}
    rows = list(read_parts(job.out))
    assert len({row.image_id for row in rows}) == len(rows) == job.pool.images
    chosen: list[Pick] = top_k(picks(rows), 15)
    return [pick.image_id for pick in chosen]
