"""A process of one's own Ray dies: one line, soon, and the run continues when it is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from raysal.data.pool.parts import finished_parts
from raysal.engine.on_ray import deaths
from raysal.engine.on_ray.cluster import _kept_signals
from raysal.engine.on_ray.deaths import DeathWatch
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import draft_of
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


class EndedError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("name", ["raylet", "gcs_server"])
def test_a_death_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []

    def end(status: int) -> None:
        ended.append(status)
        raise EndedError

    processes = {name: subprocess.Popen(["sleep", "100"]) for name in (name, "log_monitor")}
    monkeypatch.setattr(deaths, "started_processes", lambda: processes)
    monkeypatch.setattr(deaths.os, "_exit", end)
    monkeypatch.setattr(threading, "excepthook", lambda raised: None)
    DeathWatch().stop()
    watch = DeathWatch()
    time.sleep(0.2)
    assert ended == []
    processes[name].kill()
    watch._thread.join(10)
    assert ended == [2]
    assert capfd.readouterr().err == SAID.format(name)
    assert processes["log_monitor"].wait(10) == -signal.SIGKILL


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
    (pid,) = [pid for pid, command in processes.items() if victim in command]
    begin = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert driver.wait(WITHIN_S) == 2
    # An agent takes the raylet with it.
    names = ("agent", "raylet") if victim == "DashboardAgent" else (victim,)
    assert (tmp_path / "err.txt").read_text() in [SAID.format(name) for name in names]
    assert 0 < len(finished_parts(str(scores))) < UNITS, "there was nothing left to score"
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() - begin < WITHIN_S, "processes of Ray were left behind"
        time.sleep(0.1)
    assert raysal_run(config, again).wait(300) == 0, (tmp_path / "err.txt").read_text()
    assert queried(config.folder, 2) == calm
