"""`ray start --head` and `ray job submit`, as the README describes them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from raysal.engine.build import build_engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.run import run_experiment
from raysal.experiment.stage import draft_of
from raysal.progress import Silent
from raysal.training.fit import LAST
from tests.support.paths import ROOT
from tests.support.separate_ray import OwnRay, own_ray

ROUNDS = 2
TINY: dict[str, Any] = {
    "name": "quickstart",
    "data": {"name": "streets", "size": [48, 64], "train": 24, "val": 2, "test": 4},
    "model": {"weights": "none"},
    "train": {"epochs": 2, "batch_size": 4, "validate_every": 2},
    "al": {"initial": 4, "budget": 4, "rounds": ROUNDS},
    "acquisition": {"name": "ds"},
}
OWN = {
    **TINY,
    "name": "own",
    "model": {"name": "python", "factory": "nets_of_a_user:make", "stages": ["encoder.2"]},
    "train": {"epochs": 1, "batch_size": 4},
}
LONG = {
    **TINY,
    "name": "long",
    "train": {"epochs": 8, "batch_size": 4, "validate_every": 20},
    "engine": {"threads": 1},  # On some processors their number shows in the last digits.
}


def readme_commands() -> list[str]:
    """The commands of the section on clusters."""
    section = (ROOT / "README.md").read_text().split("\n## On a cluster\n")[1].split("\n## ")[0]
    return re.findall(r"^    (.+)$", section, re.MULTILINE)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnRay, Path]]:
    """Ray as the README starts it, and a checkout with a tiny quick start."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("raysal", "configs", ".rayignore", ".gitignore"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    shutil.copy(ROOT / "tests/support/own_network.py", checkout / "nets_of_a_user.py")
    for values in (TINY, LONG, OWN):
        (checkout / "configs" / f"{values['name']}.yaml").write_text(yaml.safe_dump(values))
    with own_ray() as ray:
        ray.env["RAY_API_SERVER_ADDRESS"] = f"http://127.0.0.1:{ray.dashboard}"
        export, token, start, _ = readme_commands()
        assert start == "ray start --head"
        name, _, value = export.removeprefix("export ").partition("=")
        ray.env[name] = value
        assert ray.run(["bash", "-c", token]).returncode == 0
        ray.start(*start.split()[2:], *ray.head_options)
        yield ray, checkout


def submit(cluster: tuple[OwnRay, Path], command: str) -> subprocess.CompletedProcess[str]:
    """Run a job to its end."""
    ray, checkout = cluster
    return ray.run(["bash", "-c", command], cwd=checkout)


def picks(root: Path) -> list[list[str]]:
    """The queried images of each round."""
    return [
        [ask.image_id for ask in read_query(folder)]
        for folder in RunLayout(root).query_folders(ROUNDS - 1)
    ]


@pytest.mark.slow
def test_as_the_readme_says(cluster: tuple[OwnRay, Path]) -> None:
    command = readme_commands()[-1]
    assert command.endswith("raysal run configs/quickstart.yaml")
    job = submit(cluster, command)
    assert job.returncode == 0, job.stdout
    root = Path(cluster[0].env["HOME"]) / "runs" / "quickstart"
    assert f"done: {root}" in job.stdout
    assert (root / "report" / "report.html").exists()
    assert len(picks(root)) == ROUNDS


@pytest.mark.slow
def test_a_network_in_the_working_folder(cluster: tuple[OwnRay, Path]) -> None:
    job = submit(cluster, "ray job submit --working-dir . -- raysal run configs/own.yaml")
    assert job.returncode == 0, job.stdout
    assert len(picks(Path(cluster[0].env["HOME"]) / "runs" / "own")) == ROUNDS


@pytest.mark.slow
def test_status_is_that_of_raysal(cluster: tuple[OwnRay, Path]) -> None:
    job = submit(cluster, "ray job submit --working-dir . -- raysal run configs/absent.yaml")
    assert job.returncode == 1
    assert "raysal: no configuration file 'configs/absent.yaml'" in job.stdout
    assert "Traceback" not in job.stdout
    assert "failed" in job.stdout


@pytest.mark.slow
def test_without_the_token(cluster: tuple[OwnRay, Path]) -> None:
    ray, checkout = cluster
    env = {"RAY_ADDRESS": ray.address, "RAY_AUTH_MODE": "disabled"}
    refused = ray.run(["raysal", "run", "configs/quickstart.yaml"], cwd=checkout, **env)
    assert refused.returncode == 2, refused.stdout
    line = refused.stdout.splitlines()[-1]
    assert line.startswith(f"raysal: no Ray cluster at '{ray.address}' (")
    assert "set RAY_AUTH_MODE=token if it needs a token" in line
    assert "Traceback" not in refused.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_driver_resubmitted(cluster: tuple[OwnRay, Path], tmp_path: Path) -> None:
    calm = ExperimentConfig.model_validate({**LONG, "output": str(tmp_path / "calm")})
    local = calm.model_copy(update={"engine": calm.engine.model_copy(update={"name": "local"})})
    run_experiment(local, lambda: build_engine(local.engine), Silent())

    ray, checkout = cluster
    # What the job sets itself does not clash with what raysal sets.
    command = (
        """ray job submit --working-dir . --runtime-env-json """
        """'{"env_vars": {"OMP_WAIT_POLICY": "PASSIVE"}}' -- """
        f"raysal run configs/long.yaml --set output={tmp_path / 'killed'}"
    )
    root = tmp_path / "killed" / "long"
    folder = root / "rounds" / "001"
    with tempfile.TemporaryFile("w+") as output:
        first = subprocess.Popen(
            ["bash", "-c", command],
            cwd=checkout,
            env=ray.env,
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + 300
        while not (draft_of(folder / "model") / LAST).exists():
            assert time.monotonic() < end
            assert first.poll() is None
            time.sleep(0.01)
        os.kill(driver(ray), signal.SIGKILL)
        assert first.wait(timeout=120) == 1
        output.seek(0)
        assert "failed" in output.read()
    assert not (folder / "model").exists(), "it was killed too late"
    before = record(root).read_bytes()
    job = submit(cluster, command)
    assert job.returncode == 0, job.stdout
    assert record(root).read_bytes() == before, "the first round was done again"
    assert picks(root) == picks(calm.folder)


def record(root: Path) -> Path:
    """The record of the first round."""
    return root / "rounds" / "000" / "record" / "record.json"


def driver(ray: OwnRay) -> int:
    """The job's process, which the shell of Ray's supervisor started."""
    for pid in ray.processes():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if len(words) > 1 and Path(words[1]).name == "raysal":
                return pid
    raise AssertionError("the driver is not there")
