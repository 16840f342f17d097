"""The commands in the files of `cluster/` exist."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from raysal.cli.main import app
from raysal.experiment.config import load_experiment
from tests.support.cluster_files import (
    FOLDER,
    IN_IMAGE,
    document,
    opening,
    raysal_words,
    text,
)
from tests.support.paths import ROOT

SCRIPTS = sorted(path.name for path in FOLDER.glob("*.sh"))
PLAIN = sorted(path.name for path in FOLDER.iterdir() if path.name != "README.md")
RAY = re.compile(r"rayproject/ray:([0-9.]+)-py3(\d+)-gpu")


@pytest.mark.parametrize("name", PLAIN)
def test_files_begin_with_their_commands(name: str) -> None:
    assert re.search(r"^   \S", opening(name), re.MULTILINE), "no command in the first comment"
    assert f"cluster/{name}" in opening(name)


@pytest.mark.parametrize("name", [*PLAIN, "README.md", "../README.md"])
def test_raysal_commands(name: str, tmp_path: Path) -> None:
    content = opening(name) if name.endswith((".yaml", ".sh")) else text(name)
    if name == "rayjob.yaml":
        content += "\n" + document(name)["spec"]["entrypoint"]
    commands = {command.name for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    for words in raysal_words(content):
        assert words[1] in commands
        files = [word for word in words if "configs/" in word and not word.startswith("...")]
        for file in files:
            path = ROOT / file.replace(IN_IMAGE, str(ROOT)).rstrip("`,.")
            settings = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--set"]
            load_experiment(path, settings)


def test_commands_are_found() -> None:
    """Guards the test above, which tests something only if it finds commands."""
    found = {name for name in PLAIN if "configs/" in text(name)}
    assert found >= {"raycluster.yaml", "rayjob.yaml", "slurm.sh", "launcher-aws.yaml"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck(name: str) -> None:
    path = FOLDER / name
    assert path.stat().st_mode & stat.S_IXUSR
    found = Path(sys.executable).parent / "shellcheck"
    checked = subprocess.run([found, path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_all_files_use_one_ray_version_that_raysal_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [
        requirement
        for requirement in map(Requirement, project["dependencies"])
        if requirement.name == "ray"
    ]
    versions = set()
    for name in ("Dockerfile", "launcher-aws.yaml", "launcher-gcp.yaml"):
        ((version, minor),) = set(RAY.findall(text(name)))
        assert f"3.{minor}" >= project["requires-python"].removeprefix(">=")
        versions |= {version, *re.findall(r"ray\[data,default,train,tune\]==([0-9.]+)", text(name))}
    versions.add(document("raycluster.yaml")["spec"]["rayVersion"])
    (version,) = versions
    assert Version(version) in wanted.specifier
    assert wanted.extras == {"data", "default", "train", "tune"}


def test_the_image_copies_existing_files() -> None:
    for line in text("Dockerfile").splitlines():
        if line.startswith("COPY"):
            *sources, _ = line.split()[2:]
            assert [source for source in sources if not (ROOT / source).exists()] == []


def stub(folder: Path, name: str, script: str) -> None:
    """A script in place of a command that this machine lacks."""
    (folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def slurm(tmp_path: Path) -> dict[str, str]:
    """A fake allocation of two nodes: `srun` runs its command here, `ray` logs its arguments."""
    stub(tmp_path, "scontrol", "printf 'alpha\\nbeta\\n'")
    stub(
        tmp_path,
        "srun",
        'node=here; while [ "${1#--}" != "$1" ]; do '
        'case $1 in --nodelist=*) node=${1#*=};; esac; shift; done; NODE=$node "$@"',
    )
    stub(
        tmp_path,
        "hostname",
        'case $NODE in beta) echo 10.0.0.2;; *) echo "10.0.0.1 fe80::1";; esac',
    )
    stub(tmp_path, "raysal", f'echo "$RAY_AUTH_MODE raysal $*" >> {tmp_path}/log')
    stub(
        tmp_path,
        "ray",
        'case $1 in status) printf " 1 node_a\\n 1 node_b\\n";; health-check) ;; '
        f'*) echo "$RAY_AUTH_MODE $NODE ray $*" >> {tmp_path}/log;; esac',
    )
    return {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "a[1-2]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "32",
        "SLURM_GPUS_ON_NODE": "4",
        "SLURM_JOB_ID": "77",
        "SLURM_SUBMIT_DIR": str(tmp_path),
    }


def run_script(name: str, env: dict[str, str], folder: Path) -> list[str]:
    """The calls of `ray` by the script, sorted."""
    command = ["bash", str(FOLDER / name), "configs/quickstart.yaml", "--set", "seed=3"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return sorted((folder / "log").read_text().splitlines())


def test_slurm(slurm: dict[str, str], tmp_path: Path) -> None:
    assert run_script("slurm.sh", slurm, tmp_path) == [
        "token here ray symmetric-run --address 10.0.0.1:6379 --min-nodes 2 --num-cpus 32 "
        "--num-gpus 4 -- raysal run configs/quickstart.yaml --set seed=3 --set engine.address=auto"
    ]


@pytest.mark.parametrize("interface", ["", "ib0"])
def test_slurm_by_hand(interface: str, slurm: dict[str, str], tmp_path: Path) -> None:
    stub(
        tmp_path,
        "ip",
        '[ "$5" = ib0 ] && case $NODE in beta) n=2;; *) n=1;; esac; '
        'echo "3: ib0    inet 192.168.7.$n/24 scope global ib0"',
    )
    first, second = ("192.168.7.1", "192.168.7.2") if interface else ("10.0.0.1", "10.0.0.2")
    ran = run_script("slurm-by-hand.sh", {**slurm, "INTERFACE": interface}, tmp_path)
    assert ran == [
        f"token alpha ray start --block --node-ip-address={first} --num-cpus=32 --num-gpus=4 "
        "--head --port=20077",
        f"token beta ray start --block --node-ip-address={second} --num-cpus=32 --num-gpus=4 "
        f"--address={first}:20077",
        f"token raysal run configs/quickstart.yaml --set seed=3 --set engine.address={first}:20077",
    ]
