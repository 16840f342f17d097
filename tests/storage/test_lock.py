"""The lock of a run folder: whom it names, and when it is released."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raysal.errors import RunError
from raysal.storage.lock import LINGER_S, locked, wait_until_free

HOLD = """
import os, sys, time
from pathlib import Path
from raysal.storage.lock import locked

with locked(Path(sys.argv[1])):
    child = os.fork() if sys.argv[2] == "fork" else os.getpid()
    if child == 0:
        time.sleep(float(sys.argv[3]))
        os._exit(0)
    print("locked", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that hold a lock, killed at the end."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def hold(
    holders: list[subprocess.Popen[bytes]], folder: Path, fork_s: float | None = None
) -> subprocess.Popen[bytes]:
    """A process that holds the folder; with `fork_s`, so does its child, for that long."""
    how = ["alone", "0"] if fork_s is None else ["fork", str(fork_s)]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *how], stdout=subprocess.PIPE
    )
    holders.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    return process


def test_the_message_names_the_process_each_time(
    holders: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = hold(holders, tmp_path)
    for _ in range(2):
        with (
            pytest.raises(RunError, match=rf"{tmp_path} is in use by process {process.pid};"),
            locked(tmp_path),
        ):
            pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
    with locked(tmp_path):
        pass


def test_a_child_of_a_killed_process_keeps_it(
    holders: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Its child may still write; the next process waits a few seconds for it to end."""
    begin = time.monotonic()
    hold(holders, tmp_path, fork_s=2.0).kill()
    holders[0].wait()
    with locked(tmp_path):
        assert time.monotonic() - begin > 1.5


def test_waiting_for_a_folder_to_be_free(
    holders: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    process = hold(holders, tmp_path)
    begin = time.monotonic()
    wait_until_free(tmp_path, 0.2)
    assert 0.2 <= time.monotonic() - begin < LINGER_S
    with pytest.raises(RunError), locked(tmp_path):
        pass
    process.kill()
    wait_until_free(tmp_path, 60.0)
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"mine\n", b"12 34", b"\xff", b"1" * 21, None])
def test_a_lock_of_others_stays_as_it_is(content: bytes | None, tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    if content is None:
        lock.mkdir()
    else:
        lock.write_bytes(content)
    with pytest.raises(RunError, match=rf"^{lock} is not a lock of raysal"), locked(tmp_path):
        raise AssertionError
    with pytest.raises(RunError, match=rf"^{lock} is not a lock of raysal"):
        wait_until_free(tmp_path, 0.0)
    assert lock.is_dir() if content is None else lock.read_bytes() == content
