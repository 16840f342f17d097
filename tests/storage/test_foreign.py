"""Files that raysal did not make are never removed or overwritten, whatever a command is asked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from raysal.data.pool.contact_sheet import check_sheet, contact_sheet
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import BUILDING, write_pool
from raysal.errors import PoolError, RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.prepare import claim_folder
from raysal.experiment.stage import once
from raysal.progress import Silent
from raysal.report.build import build_report
from raysal.report.out_folder import ReportFiles
from raysal.storage.foreign import check_unused, names_in
from tests.support.commands import experiment
from tests.support.fabricate import make_run
from tests.support.fake_datasets import fake_folder
from tests.support.score_folders import folder, select, video_rows


def sources(tmp_path: Path, images: int = 5) -> list[Source]:
    file = tmp_path / "image.png"
    Image.new("RGB", (6, 4)).save(file)
    return [Source(f"i{n}", file.read_bytes) for n in range(images)]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def parquet(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": [1, 2]}), path)
    return path


# Pools.


@pytest.mark.parametrize(
    "name", ["part-00000.parquet", "part-x.parquet", "notes.txt", "sub/part-00000.parquet", ".git"]
)
def test_no_pool_is_built_among_files_of_others(name: str, tmp_path: Path) -> None:
    parquet(tmp_path / "mine" / name)
    before = contents(tmp_path / "mine")
    with pytest.raises(PoolError, match=r"holds files that raysal did not make there"):
        write_pool(sources(tmp_path), str(tmp_path / "mine"))
    with pytest.raises(PoolError, match="did not make"):  # Even where it would fail anyway.
        write_pool([], str(tmp_path / "mine"))
    assert contents(tmp_path / "mine") == before


def test_no_pool_is_built_over_scores(tmp_path: Path) -> None:
    scores = Path(folder(tmp_path / "scores", video_rows()))
    before = contents(scores)
    with pytest.raises(PoolError, match="did not make"):
        write_pool(sources(tmp_path), str(scores))
    assert contents(scores) == before


def test_an_interrupted_build_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    def stop(looked_at: int) -> None:
        if looked_at == 4:
            raise KeyboardInterrupt

    pool = tmp_path / "pool"
    with pytest.raises(KeyboardInterrupt):
        write_pool(sources(tmp_path), str(pool), row_group_images=1, shard_bytes=1, progress=stop)
    assert (pool / BUILDING).exists()
    (pool / "notes.txt").write_text("mine")
    parquet(pool / "part-x.parquet")
    assert write_pool(sources(tmp_path, 2), str(pool)).images == 2
    assert sorted(contents(pool)) == ["notes.txt", "part-00000.parquet", "part-x.parquet", MANIFEST]
    assert not (pool / BUILDING).exists()
    assert list(Pool.open(str(pool)).ids()) == ["i0", "i1"]


def test_a_file_is_no_place_for_a_pool(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is a file"):
        write_pool(sources(tmp_path), str(tmp_path / "image.png"))


# Runs.


@pytest.fixture
def run(tmp_path: Path) -> tuple[ExperimentConfig, RunLayout]:
    """A run that has a pool and an initial set, and drafts of a model."""
    values = experiment(fake_folder(tmp_path / "data"), tmp_path / "runs")
    config = ExperimentConfig.model_validate(values)
    layout = RunLayout(config.folder)
    layout.initial.folder.mkdir(parents=True)
    claim_folder(config, layout, Silent())
    for stage in (layout.pool, layout.initial.query, layout.initial.labels):
        once(stage, lambda draft: (draft / "part-00000.parquet").write_bytes(b"x"))
    draft = layout.round(0).folder / ".model.draft"
    (draft / "ray_train" / "deep").mkdir(parents=True)
    for name in ("last.pt", "best-0001.pt", "ray_train/deep/anything"):
        (draft / name).write_bytes(b"x")
    return config, layout


def changed(config: ExperimentConfig) -> ExperimentConfig:
    return config.model_copy(update={"seed": 7})


def test_a_changed_configuration_removes_only_what_raysal_made(
    run: tuple[ExperimentConfig, RunLayout],
) -> None:
    config, layout = run
    mine = ["notes.txt", "rounds/000/notes.txt", "rounds/notes.txt", "initial/x.csv", "models/a.pt"]
    for name in mine:
        (layout.root / name).parent.mkdir(exist_ok=True)
        (layout.root / name).write_text("mine")
    claim_folder(changed(config), layout, Silent())
    kept = [name for name in contents(layout.root) if not name.startswith("configs/")]
    assert sorted(kept) == sorted([*mine, "config.yaml", "environment.json"])
    assert yaml.safe_load(layout.config.read_text())["seed"] == 7


@pytest.mark.parametrize(
    "name",
    [
        "pool/notes.txt", "pool/part-mine.parquet", "initial/labels/sub/x.png",
        "rounds/000/.model.draft/weights.pt", "initial/query/labelled/deep/part-00000.parquet",
    ],
)  # fmt: skip
def test_a_stage_with_a_file_of_the_user_is_refused_whole(
    name: str, run: tuple[ExperimentConfig, RunLayout]
) -> None:
    config, layout = run
    (layout.root / name).parent.mkdir(parents=True, exist_ok=True)
    (layout.root / name).write_text("mine")
    before = contents(layout.root)
    with pytest.raises(RunError, match=r"raysal did not make .*move them elsewhere"):
        claim_folder(changed(config), layout, Silent())
    assert contents(layout.root) == before


@pytest.mark.parametrize("stage", ["metrics", "scores", "labels", "record"])
@pytest.mark.parametrize("index", [0, 3])
def test_a_run_with_any_finished_stage_is_not_begun_again(
    stage: str, index: int, run: tuple[ExperimentConfig, RunLayout]
) -> None:
    """Also where the model of round 0 is missing."""
    config, layout = run
    once(layout.round(index).folder / stage, lambda draft: None)
    before = contents(layout.root)
    with pytest.raises(RunError, match=r"another configuration \(was seed: 0; now seed: 7\)"):
        claim_folder(changed(config), layout, Silent())
    assert contents(layout.root) == before


def test_a_draft_with_a_file_of_the_user_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / ".metrics.draft").mkdir()
    (tmp_path / ".metrics.draft" / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match=r"'thesis.tex'"):
        once(tmp_path / "metrics", lambda draft: None)
    assert (tmp_path / ".metrics.draft" / "thesis.tex").exists()


def test_links_in_a_stage_are_not_followed(run: tuple[ExperimentConfig, RunLayout]) -> None:
    config, layout = run
    outside = layout.root.parent / "outside"
    outside.mkdir()
    (outside / "last.pt").write_text("mine")
    (layout.round(0).folder / ".model.draft" / "linked").symlink_to(outside)
    with pytest.raises(RunError, match="'linked'"):
        claim_folder(changed(config), layout, Silent())
    assert (outside / "last.pt").exists()


def test_a_folder_of_the_user_is_no_run(run: tuple[ExperimentConfig, RunLayout]) -> None:
    config, layout = run
    shutil.rmtree(layout.root)
    layout.root.mkdir()
    layout.environment.write_text('{"PATH": "/bin"}')
    with pytest.raises(RunError, match=r"environment.json is not of a run"):
        claim_folder(config, layout, Silent())
    assert layout.environment.read_text() == '{"PATH": "/bin"}'
    assert not layout.config.exists()


# Reports, queries, scores, contact sheets.


def test_a_report_is_not_mixed_with_files_of_others(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a", [0.5, 0.6])
    out = tmp_path / "out"
    out.mkdir()
    (out / "curve.csv").write_text("mine")
    with pytest.raises(RunError, match=r"out holds files that are not of a report \('curve.csv'\)"):
        build_report([made], out)
    assert contents(out) == {"curve.csv": b"mine"}
    (out / "curve.csv").unlink()
    build_report([made], out)
    (out / "notes.txt").write_text("mine")
    (out / "rounds.csv").unlink()
    build_report([made], out)
    assert {"notes.txt", "rounds.csv"} <= contents(out).keys()
    listed = ReportFiles.read(out)
    listed.model_copy(update={"files": tuple(set(listed.files) - {"iou.csv"})}).write(out)
    (out / "iou.csv").write_text("mine")
    before = contents(out)
    with pytest.raises(RunError, match=r"\('iou.csv'\) and that the report would overwrite"):
        build_report([made], out)
    assert contents(out) == before


def test_a_report_without_a_list_of_files_is_replaced(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a", [0.5, 0.6])
    build_report([made], tmp_path / "out")
    (tmp_path / "out" / ReportFiles.file).unlink()
    build_report([made], tmp_path / "out")
    assert (tmp_path / "out" / ReportFiles.file).exists()


@pytest.mark.parametrize("name", ["notes.txt", "selection.json", "data/x"])
def test_a_query_is_not_mixed_with_files_of_others(name: str, tmp_path: Path) -> None:
    scores = folder(tmp_path / "scores", video_rows())
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text('{"mine": 1}')
    with pytest.raises(RunError, match=r"out holds files that raysal did not make there"):
        select([scores], 3, tmp_path / "out")
    assert contents(tmp_path / "out") == {name: b'{"mine": 1}'}


def test_selecting_again_keeps_a_note_beside_the_query(tmp_path: Path) -> None:
    scores = folder(tmp_path / "scores", video_rows())
    select([scores], 3, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    select([scores], 3, tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").exists()


@pytest.mark.parametrize("name", ["part-a.parquet", "notes.txt", ".lock", "x/y"])
def test_scores_are_not_mixed_with_files_of_others(
    name: str, material: Any, tmp_path: Path
) -> None:
    from raysal.acquisition.strategies.random import Random
    from raysal.curate.score import score_pool

    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    pool = material.pools["one shard"].uri
    with pytest.raises(RunError, match=r"out' holds files that raysal did not make there"):
        score_pool(tmp_path, pool, Random(), str(tmp_path / "out"), lambda: 1 / 0, Silent())
    assert contents(tmp_path / "out") == {name: b"mine"}


def test_a_lock_that_raysal_left_is_no_file_of_others(tmp_path: Path) -> None:
    for text in ("", "123\n"):
        (tmp_path / ".lock").write_text(text)
        check_unused(str(tmp_path), "scores")
    assert names_in(str(tmp_path / "absent")) == []


def test_a_contact_sheet_replaces_contact_sheets_only(material: Any, tmp_path: Path) -> None:
    file = tmp_path / "sheet.png"
    check_sheet(file)
    file.write_bytes(contact_sheet(material.pools["one shard"], 2))
    check_sheet(file)
    Image.new("RGB", (4, 4)).save(file)
    with pytest.raises(RunError, match=r"is not a contact sheet of raysal"):
        check_sheet(file)
    file.write_text("mine")
    with pytest.raises(RunError, match=r"is not a contact sheet of raysal"):
        check_sheet(file)
