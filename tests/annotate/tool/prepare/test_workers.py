"""Worker processes: replaced when they die, ended with their server, however it ends."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raysal.annotate.tool.prepare.cache import Cache, key_of
from raysal.annotate.tool.prepare.workers import Workers
from tests.annotate.tool.prepare.tasks import NoteTask

PATIENCE_S = 60


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """One process with two threads."""
    made = Workers(1, 2, Cache(tmp_path / "cache"))
    yield made
    made.close()


def outcome(workers: Workers, task: NoteTask) -> tuple[str | None, bool]:
    """What became of a task."""
    done: queue.Queue[tuple[str | None, bool]] = queue.Queue()
    workers.submit(task, lambda why, died: done.put((why, died)))
    return done.get(timeout=PATIENCE_S)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < end_s:
        time.sleep(0.02)
    return holds()


def lives(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_that_dies_is_replaced_and_one_line_says_why_a_task_fails(
    workers: Workers, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    assert outcome(workers, NoteTask(key_of(1), b"", (1, 1))) == (None, False)
    why, died = outcome(workers, NoteTask(key_of(2), b"", (1, 1), "die"))
    assert died
    assert why is not None
    assert "\n" not in why
    assert outcome(workers, NoteTask(key_of(3), b"", (1, 1), "fail")) == ("cannot be done", False)
    assert outcome(workers, NoteTask(key_of(4), b"", (1, 1))) == (None, False)
    first, second = cache.find(key_of(1)), cache.find(key_of(4))
    assert first is not None
    assert second is not None
    assert first.about["pid"] != second.about["pid"]
    assert second.about["threads"] == "2"


def test_closing_ends_a_task_in_the_middle(workers: Workers, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    workers.submit(NoteTask(key_of(1), b"", (1, 1), "sleep", mark), lambda why, died: None)
    assert eventually(lambda: mark.exists() and mark.read_text() != "")
    pid = int(mark.read_text())
    workers.close()
    assert not lives(pid)


def test_no_worker_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"""
import time
from pathlib import Path
from raysal.annotate.tool.prepare.cache import Cache, key_of
from raysal.annotate.tool.prepare.workers import Workers
from tests.annotate.tool.prepare.tasks import NoteTask

if __name__ == "__main__":
    workers = Workers(1, 1, Cache(Path({str(tmp_path / "cache")!r})))
    task = NoteTask(key_of(1), b"", (1, 1), "sleep", Path({str(mark)!r}))
    workers.submit(task, lambda why, died: None)
    time.sleep(60)
"""
    script = tmp_path / "serve.py"
    script.write_text(code)
    path = os.pathsep.join(filter(None, sys.path))
    server = subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,  # Python's resource tracker outlives it and complains.
    )
    try:
        assert eventually(lambda: mark.exists() and mark.read_text() != "")
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    pid = int(mark.read_text())
    assert eventually(lambda: not lives(pid))
