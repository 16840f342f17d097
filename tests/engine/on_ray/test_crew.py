"""Actors that are kept from job to job."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from raysal.engine.config import EngineConfig
from raysal.errors import ClusterError, DataError

if TYPE_CHECKING:
    from raysal.engine.on_ray.crew import Crew


@dataclass(frozen=True)
class Noted:
    """Answers each piece, a number, with itself and the process that did it.

    Attributes:
        notes: folder where each opening leaves a file, and so does the first death.
        dies_at: at this piece, the process dies once.
        fails_at: at this piece, it reports an error.
    """

    notes: Path
    dies_at: int | None = None
    fails_at: int | None = None

    def open(self) -> Callable[[int], tuple[int, int]]:
        (self.notes / f"opened {os.getpid()}").touch(exist_ok=False)
        return self.do

    def do(self, piece: int) -> tuple[int, int]:
        death = self.notes / "died"
        if piece == self.dies_at and not death.exists():
            death.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if piece == self.fails_at:
            raise DataError(f"piece {piece} is damaged")
        return piece, os.getpid()


class Stuck(Noted):
    """Never answers."""

    def do(self, piece: int) -> tuple[int, int]:
        signal.pause()
        raise AssertionError


@pytest.fixture(scope="module")
def crew(ray_session: None) -> Iterator[Crew]:
    from raysal.engine.on_ray.crew import Crew
    from raysal.engine.on_ray.plan import plan

    config = EngineConfig(score_actors=2, no_progress_timeout_s=120)
    made = Crew(plan(config), config)
    yield made
    made.dismiss()


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_processes_stay_and_a_dead_one_is_replaced(crew: Crew, tmp_path: Path) -> None:
    first = list(crew.do(Noted(folder(tmp_path / "first")), range(6)))
    assert sorted(piece for piece, _ in first) == list(range(6))
    pids = {pid for _, pid in first}
    opened = {path.name for path in (tmp_path / "first").iterdir()}
    assert opened >= {f"opened {pid}" for pid in pids}, "a job is opened once in a process"
    here = os.getpriority(os.PRIO_PROCESS, 0)
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in pids} == {here}, "as the driver"

    second = list(crew.do(Noted(folder(tmp_path / "second"), dies_at=3), range(6)))
    assert sorted(piece for piece, _ in second) == list(range(6)), "each piece is answered once"
    assert (tmp_path / "second" / "died").exists()
    assert {pid for _, pid in second} & pids, "no process was kept"
    assert {pid for _, pid in second} - pids, "the dead process was not replaced"


def test_an_error_ends_the_job_and_the_processes(crew: Crew, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^piece 1 is damaged$"):
        list(crew.do(Noted(folder(tmp_path / "first"), fails_at=1), range(4)))
    assert crew.members == 0


@pytest.mark.slow
def test_no_progress(crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = crew.config.model_copy(update={"no_progress_timeout_s": 2.0})
    monkeypatch.setattr(crew, "config", short)
    with pytest.raises(ClusterError, match=r"^no progress in 2 s \(engine.no_progress_timeout_s\)"):
        list(crew.do(Stuck(folder(tmp_path / "first")), range(4)))
    assert crew.members == 0


@pytest.mark.slow
def test_large_processes_are_not_kept(
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysal.engine.on_ray.crew.KEPT_MIB", 1.0)
    list(crew.do(Noted(folder(tmp_path / "first")), range(4)))
    assert crew.members == 0
