"""A process of one's own Ray dies: one line, soon, and the run continues when it is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from raysal.data.pool.parts import finished_parts
from raysal.engine.on_ray.cluster import _kept_signals
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import draft_of
from tests.support.paths import ROOT
from tests.support.ray_processes import of_a_ray
from tests.support.shallow_network import MOBILENET
from tests.support.tiny_run import queried, tiny, write_config

SAID = "raysal: Ray on this machine has stopped: its {} died; run again to continue\n"
WITHIN_S = 60.0
# Each of three units takes some seconds to score.
UNITS = 3
SLOWLY = {
    "data": {"train": 96, "val": 0, "test": 2},
    "train": {"epochs": 1},
    "al": {"rounds": 2},
    "acquisition": {"name": "mc_dropout", "count": 20},
    "model": {**MOBILENET, "channel_dropout": 0.25},
}


# A driver whose Ray is `sleep`, and what it does then.
DRIVER = """
import atexit, os, subprocess, sys, time
from raysal.engine.on_ray import deaths
NULL = subprocess.DEVNULL
started = {
    name: subprocess.Popen(["sleep", "100"], stdout=NULL, stderr=NULL)
    for name in ("raylet", "gcs_server", "log")
}
deaths.started_processes = lambda: started
print(*(process.pid for process in started.values()), flush=True)
def shut_down(lasts_s=0.2):
    started["raylet"].kill()
    started["raylet"].wait()
    time.sleep(lasts_s)
atexit.register(shut_down)
watch = deaths.DeathWatch()
"""
WAITS = "time.sleep(100)"
# The raylet dies, and Ray ends the driver, before its own thread or after: the status is the same.
RAY_ENDS_IT = "deaths.STATUS = 1; shut_down(0); os._exit(1)"
SHUTS_DOWN = "watch.stop(); shut_down()"
# Ray shuts itself down when Python ends.
FORGETS = ""


def driver(does: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A driver that watches, and the ids of what it has started."""
    command = [sys.executable, "-c", DRIVER + does]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def are_gone(pids: Iterable[int]) -> bool:
    """Whether processes end within a short time."""
    end = time.monotonic() + WITHIN_S
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("which", [0, 1])
def test_a_death_is_noticed(which: int) -> None:
    process, pids = driver(WAITS)
    time.sleep(0.3)
    assert process.poll() is None
    os.kill(pids[which], signal.SIGKILL)
    _, said = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, said) == (2, SAID.format(("raylet", "gcs_server")[which]))
    assert are_gone(pids)


def test_it_is_said_too_if_ray_ends_the_driver_first() -> None:
    process, pids = driver(RAY_ENDS_IT)
    _, said = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, said) == (1, SAID.format("raylet"))
    assert are_gone(pids)


@pytest.mark.parametrize("does", [SHUTS_DOWN, FORGETS], ids=["shuts down", "forgets"])
def test_an_end_in_order_is_no_death(does: str) -> None:
    process, pids = driver(does)
    _, said = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, said) == (0, "")
    os.kill(pids[1], signal.SIGKILL)
    os.kill(pids[2], signal.SIGKILL)


def test_the_handler_of_sigterm_is_kept() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _kept_signals():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # As Ray does when it starts.
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the run picks if nothing dies."""
    config = tiny(tmp_path_factory.mktemp("calm"), **SLOWLY)
    assert raysal_run(config, "local").wait(300) == 0
    return queried(config.folder, 2)


def raysal_run(config: ExperimentConfig, engine: str) -> subprocess.Popen[str]:
    """`raysal run`, as a user starts it."""
    root = Path(config.output)
    path = write_config(root / "tiny.yaml", config)
    command = [sys.executable, "-m", "raysal.cli.main", "run", str(path), "--no-report"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with (root / "out.txt").open("w") as out, (root / "err.txt").open("w") as err:
        return subprocess.Popen(
            [*command, "--set", f"engine.name={engine}"], env=own, stdout=out, stderr=err, text=True
        )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("victim", "again"), [("raylet", "ray"), ("gcs_server", "local"), ("DashboardAgent", "local")]
)
def test_killed_while_it_scores(
    victim: str, again: str, calm: list[list[str]], tmp_path: Path
) -> None:
    config = tiny(tmp_path, **SLOWLY)
    driver = raysal_run(config, "ray")
    scores = draft_of(RunLayout(config.folder).round(0).scores)
    while not (scores.exists() and finished_parts(str(scores))):
        assert driver.poll() is None, (tmp_path / "err.txt").read_text()
        time.sleep(0.05)
    processes = of_a_ray(driver.pid)
    programs = {pid: command.split("\0")[0] for pid, command in processes.items()}
    (pid,) = [pid for pid, program in programs.items() if program.endswith(victim)]
    os.kill(pid, signal.SIGKILL)
    # Ray is quicker on a machine that does much else.
    assert driver.wait(WITHIN_S) in (1, 2)
    assert are_gone(processes), "processes of Ray were left behind"
    (line,) = (tmp_path / "err.txt").read_text().splitlines()
    # Others may have followed it by then.
    began, _, ended = SAID.strip().partition("{}")
    assert line.startswith(began)
    assert line.endswith(ended)
    died = line.removeprefix(began).removesuffix(ended).split(" and ")
    assert ("agent" if victim == "DashboardAgent" else victim) in died
    assert 0 < len(finished_parts(str(scores))) < UNITS, "there was nothing left to score"
    assert raysal_run(config, again).wait(300) == 0, (tmp_path / "err.txt").read_text()
    assert queried(config.folder, 2) == calm
