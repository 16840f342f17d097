"""Runs that cannot continue: budgets, losses, locks, changed settings, full disks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from raysal.data.labels import labelled_ids
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import foreign_files
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from raysal.models.checkpoint import FILE as MODEL
from raysal.models.state_file import load_state, save_state
from tests.support.commands import Raysal, Setting
from tests.support.damage import reseal_stage
from tests.support.faults import disk_full_for
from tests.support.shallow_network import MOBILENET


def snapshot(root: Path) -> dict[str, int]:
    """Time of the last write of every committed file."""
    return {
        str(path.relative_to(root)): path.stat().st_mtime_ns
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def queried(root: Path) -> list[list[str]]:
    return [[ask.image_id for ask in read_query(f)] for f in RunLayout(root).query_folders(1)]


def test_a_budget_larger_than_the_pool(raysal: Raysal, setting: Setting) -> None:
    change = ("--set", "al.budget=50", "--set", "al.rounds=4", "--no-report")
    out = raysal("run", setting.config, *change).done(
        "the budget is 50 images, but only 5 unlabelled ones are left; taking them all",
        "stopped after round 1: all 8 images of the pool are labelled",
    )
    assert "round 2" not in out
    assert [len(ids) for ids in queried(setting.root)] == [3, 5]
    assert Record.read(setting.root / "rounds/001/record").labelled.images == 8


def test_an_initial_set_larger_than_the_pool(raysal: Raysal, setting: Setting) -> None:
    raysal("run", setting.config, "--set", "al.initial=9", "--no-report").done(
        "al.initial is 9, but the pool has 8 images; taking them all", "stopped after round 0"
    )
    assert len(labelled_ids(setting.root / "initial" / "labels")) == 8


def test_a_loss_that_is_not_finite(raysal: Raysal, setting: Setting) -> None:
    change = ("--set", "optim.lr=1e30", "--set", "train.epochs=3")
    raysal("run", setting.config, *change).refused("round 0", "lower optim.lr")
    assert not (setting.root / "rounds/000/model").exists()
    assert (setting.root / "initial" / "labels").exists()


def test_a_model_that_is_not_finite(raysal: Raysal, finished: Setting) -> None:
    """No image is set aside for it."""
    here = finished.root / "rounds" / "000"
    for stage in ("scores", "query", "labels", "record"):
        shutil.rmtree(here / stage)
    shutil.rmtree(finished.root / "rounds" / "001")
    good = (here / "model" / MODEL).read_bytes()
    state = load_state(here / "model" / MODEL)
    state["state"]["classify.bias"].fill_(float("nan"))
    save_state(here / "model" / MODEL, state)
    reseal_stage(here / "model")
    run = ("run", finished.config, "--no-report")
    raysal(*run).refused("model.pt is damaged: 'classify.bias' holds NaN")
    (here / "model" / MODEL).write_bytes(good)
    reseal_stage(here / "model")
    raysal(*run).done("round 1")


def test_a_folder_in_use(raysal: Raysal, finished: Setting) -> None:
    code = (
        "import fcntl, os, sys\n"
        "file = open(sys.argv[1], 'a+'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "file.truncate(0); file.write(str(os.getpid())); file.flush()\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(finished.root / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        raysal("run", finished.config).refused(
            f"in use by process {holder.pid}", str(finished.root)
        )
        holder.kill()
    raysal("run", finished.config, "--no-report").done()


def test_a_changed_configuration(raysal: Raysal, finished: Setting) -> None:
    before = snapshot(finished.root)
    change = ("--set", "train.epochs=9", "--set", "seed=1")
    line = raysal("run", finished.config, *change).refused(
        str(finished.root), "was train.epochs: 1", "now train.epochs: 9", "was seed: 0"
    )
    assert "batch_size" not in line
    raysal("run", finished.config, "--set", "acquisition.name=de").refused(
        "was acquisition.name: ds", "now acquisition.name: de", "now acquisition.levels: 8"
    )
    assert snapshot(finished.root) == before
    # Settings that do not change the result may change.
    raysal("run", finished.config, "--set", "engine.threads=1", "--no-report").done("round 1")
    assert snapshot(finished.root) == before


def test_a_damaged_configuration_in_the_run_folder(raysal: Raysal, setting: Setting) -> None:
    setting.root.mkdir(parents=True)
    (setting.root / "config.yaml").write_text("name: [")
    raysal("run", setting.config).refused("config.yaml is not valid YAML")


@pytest.mark.parametrize("text", ["name: [", None, "seed"])
def test_a_configuration_is_known_from_the_stages(
    text: str | None, raysal: Raysal, finished: Setting
) -> None:
    """Where `config.yaml` is lost, damaged or edited, what the run went on with last is kept."""
    file = finished.root / "config.yaml"
    text = file.read_text().replace("\nseed: 0", "\nseed: 1") if text == "seed" else text
    file.unlink()
    if text is not None:
        file.write_text(text)
        raysal("run", finished.config, "--set", "seed=3", "--no-report").refused(
            "was seed: 0; now seed: 3"
        )
    else:
        raysal("run", finished.config, "--set", "seed=3", "--no-report").refused(
            "config.yaml is missing", "made with another configuration"
        )
        assert not file.exists()
    raysal("run", finished.config, "--no-report").done(
        "config.yaml was ", "written again", "round 1"
    )
    assert "\nseed: 0" in file.read_text()


def test_a_lost_environment_is_written_again(raysal: Raysal, finished: Setting) -> None:
    file = finished.root / "environment.json"
    for spoil in (file.unlink, lambda: file.write_text("{")):
        spoil()
        raysal("run", finished.config).done("environment.json was missing or damaged", "report: ")
        assert "torch" in file.read_text()


STAGES = {
    "last.pt": None,
    "model.pt": None,
    "metrics.json": "model",
    "part-*.parquet": "metrics",
    "query.parquet": "scores",
    "labels.parquet": "query",
    "record.json": "labels",
}
"""Files in the order in which a round writes them, and the stage that was committed before."""


def test_a_full_disk_in_every_stage(raysal: Raysal, finished: Setting) -> None:
    """Committed stages survive, and the run completes with the same picks."""
    picks = queried(finished.root)
    shutil.rmtree(finished.root / "rounds")
    here = finished.root / "rounds" / "000"
    stays: list[str] = []
    before = snapshot(finished.root)
    for file, committed in STAGES.items():
        stays += [] if committed is None else [committed]
        with disk_full_for(file):
            raysal("run", finished.config).refused("no space left on the device", "run again")
        after = snapshot(finished.root)
        assert {path: after[path] for path in before} == before, file
        there = sorted(path.name for path in here.iterdir() if path.name[0] != ".")
        assert there == sorted(stays), file
        before = {path: time for path, time in after.items() if ".draft" not in path}
    raysal("run", finished.config, "--no-report").done("round 1")
    assert queried(finished.root) == picks


def test_everything_that_a_run_makes_is_known(finished: Setting) -> None:
    layout = RunLayout(finished.root)
    here = layout.round(0)
    stages = [layout.pool, layout.initial.query, layout.initial.labels, *here.stages().values()]
    assert [path for stage in (*stages, here.record) for path in foreign_files(stage)] == []


def mount(path: Path, size: str, *options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", path]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 KiB."""
    path = tmp_path / "runs"
    path.mkdir()
    if not mount(path, "32k"):
        pytest.skip("mounting a tmpfs is not permitted here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full(raysal: Raysal, setting: Setting, small_disk: Path) -> None:
    """First the pool does not fit, then the checkpoint; a larger disk lets the run complete."""
    command = ("run", setting.config, "--set", f"model.name={MOBILENET['name']}")
    raysal(*command).refused("no space left on the device")
    assert not (setting.root / "pool").exists()

    assert mount(small_disk, "20m", "remount")
    raysal(*command).refused("no space left on the device")
    assert (setting.root / "initial" / "labels").exists()
    assert not (setting.root / "rounds/000/model").exists()
    before = snapshot(setting.root / "initial")

    assert mount(small_disk, "400m", "remount")
    raysal(*command, "--no-report").done("round 1")
    assert snapshot(setting.root / "initial") == before
