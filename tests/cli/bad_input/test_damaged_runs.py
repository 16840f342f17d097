"""Damage in a run is noticed and named; after `raysal status --repair` the picks are the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from tests.support.commands import Raysal, Setting


def results(root: Path) -> list[object]:
    layout = RunLayout(root)
    picks = [[(a.image_id, a.score) for a in read_query(f)] for f in layout.query_folders(1)]
    return [*picks, *(Record.read(layout.round(index).record).miou for index in range(2))]


def flip(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 64
    file.write_bytes(data)


def stages(root: Path) -> set[str]:
    return {str(path.parent.relative_to(root)) for path in root.rglob("stage.json")}


def test_the_state_of_a_run(raysal: Raysal, finished: Setting) -> None:
    out = raysal("status", finished.root).done("2 of 2 rounds are recorded", "nothing is damaged")
    assert out.startswith("round 0: 3 images labelled, mIoU ")
    shutil.rmtree(finished.root / "rounds/001/record")
    shutil.move(finished.root / "rounds/001/metrics", finished.root / "rounds/001/.metrics.draft")
    raysal("status", finished.root).done("1 of 2 rounds", "in progress: rounds/001/metrics")
    (finished.root / "config.yaml").unlink()
    raysal("status", finished.root).done("1 rounds are recorded", "config.yaml is missing or dam")
    raysal("status", finished.root.parent).refused("is not a run", "raysal run")


LATER = {"rounds/001/model", "rounds/001/metrics", "rounds/001/record"}
ROUND_0 = {f"rounds/000/{s}" for s in ("model", "metrics", "scores", "query", "labels", "record")}


@pytest.mark.parametrize(("file", "removed"), [
    ("rounds/000/model/model.pt", ROUND_0 | LATER),
    ("rounds/000/labels/labels.parquet", {"rounds/000/labels", "rounds/000/record"} | LATER),
    ("rounds/001/metrics/stage.json", LATER - {"rounds/001/model"}),
    ("rounds/001/record/record.json", {"rounds/001/record"}),
    ("initial/query/query.parquet", {"initial/query", "initial/labels"} | ROUND_0 | LATER),
    ("pool/part-00000.parquet", {"pool"}),
    ("pool/pool.json", {"pool"}),
])  # fmt: skip
def test_repair_removes_the_stage_and_what_came_of_it(
    file: str, removed: set[str], raysal: Raysal, finished: Setting
) -> None:
    root = finished.root
    before, whole = results(root), stages(root)
    path = root / file
    path.write_bytes(path.read_bytes()[:-3])
    (root / "rounds/000/notes.txt").write_text("mine")
    line = raysal("run", finished.config).refused(str(path), f"raysal status {root} --repair")
    assert "damaged" in line
    raysal("status", root).refused("1 stage(s)", f"raysal status {root} --repair")
    assert stages(root) == whole
    out = raysal("status", root, "--repair").done(str(path), f"repaired: {root}")
    assert {line for line in out.splitlines() if line.startswith("removing ")} == {
        f"removing {root / stage}" for stage in removed
    }
    assert stages(root) == whole - removed
    raysal("status", root).done("nothing is damaged")
    assert (root / "rounds/000/notes.txt").exists()
    if removed != ROUND_0 | LATER:  # As after the removal of what came before, too.
        raysal("run", finished.config, "--no-report").done("round 1")
        assert results(root) == before
        assert stages(root) == whole


def test_a_file_of_the_user_is_not_removed_by_a_repair(raysal: Raysal, finished: Setting) -> None:
    flip(finished.root / "rounds/000/model/model.pt", 5000)
    (finished.root / "rounds/001/metrics/notes.txt").write_text("mine")
    whole = stages(finished.root)
    raysal("status", finished.root, "--repair").refused("notes.txt", "move them elsewhere")
    assert stages(finished.root) == whole


@pytest.mark.parametrize("file", [
    "rounds/000/scores/stage.json", "rounds/000/scores/part-part-00000-00000.parquet",
    "rounds/000/labels/labels.parquet", "rounds/000/record/record.json", "pool/pool.json",
])  # fmt: skip
def test_a_missing_file_of_a_stage_is_noticed(file: str, raysal: Raysal, finished: Setting) -> None:
    (finished.root / file).unlink()
    raysal("run", finished.config).refused(str(finished.root / file), "is missing", "--repair")


@pytest.mark.parametrize("stage", ["initial/labels", "rounds/000/query", "rounds/000/record"])
def test_a_missing_stage_is_noticed(stage: str, raysal: Raysal, finished: Setting) -> None:
    shutil.rmtree(finished.root / stage)
    raysal("run", finished.config).refused(stage, "is missing", "--repair")
    raysal("status", finished.root, "--repair").done()
    raysal("status", finished.root).done("nothing is damaged")


@pytest.mark.parametrize("stage", ["pool", "rounds/000/model", "rounds/000/scores"])
def test_what_is_not_read_again_may_be_removed(
    stage: str, raysal: Raysal, finished: Setting
) -> None:
    before = results(finished.root)
    shutil.rmtree(finished.root / stage)
    raysal("run", finished.config, "--no-report").done("round 1")
    assert results(finished.root) == before


def test_a_part_of_others_in_a_stage_is_noticed(raysal: Raysal, finished: Setting) -> None:
    scores = finished.root / "rounds/000/scores"
    shutil.copy(scores / "part-part-00000-00000.parquet", scores / "part-part-00009-00000.parquet")
    raysal("run", finished.config).refused("part-part-00009-00000.parquet does not belong")


def test_a_stage_of_another_run_is_noticed(raysal: Raysal, finished: Setting) -> None:
    for file in ("stage.json", "record.json"):
        shutil.copy(
            finished.root / "rounds/001/record" / file, finished.root / "rounds/000/record" / file
        )
    raysal("report", finished.root).refused("record.json is damaged: it is of round 1")


def test_stages_without_hashes_are_not_checked(raysal: Raysal, finished: Setting) -> None:
    """As of earlier versions; it is said once."""
    for file in finished.root.rglob("stage.json"):
        file.write_text(json.dumps({"version": 1, "wall_s": 1.0}))
    out = raysal("run", finished.config, "--no-report").done("round 1")
    assert out.count("hold no hashes: not checked") == 1
    # The records say what the rounds were made with.
    (finished.root / "config.yaml").unlink()
    raysal("run", finished.config, "--set", "seed=1").refused("config.yaml is missing")
    raysal("run", finished.config, "--no-report").done("config.yaml was missing; written again")


def test_a_changed_weight_is_not_scored_with(
    raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    model = finished.root / "rounds/000/model"
    flip(model / "model.pt", 100_003)
    score = ("score", model, finished.root / "pool", "--set", "engine.name=local")
    raysal(*score, "--out", tmp_path / "out").refused(
        "model.pt is damaged: its content has changed"
    )
    shutil.copy(model / "model.pt", tmp_path / "model.pt")
    raysal("score", tmp_path / "model.pt", *score[2:], "--out", tmp_path / "out").refused(
        "model.pt is damaged or not a checkpoint: the content of", "has changed"
    )
