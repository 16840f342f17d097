"""The measure of selecting measures a selection."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from raysal.bench.select import make_scores, measure_select
from raysal.cli.main import app
from tests.support.score_folders import select


def test_a_folder_of_scores(tmp_path: Path) -> None:
    make_scores(tmp_path / "s", 70, 16)
    selected = select([str(tmp_path / "s")], 70, tmp_path / "q")
    assert len(selected.query) == selected.images == 70
    assert sorted(ask.image_id for ask in selected.asks)[-1] == "drive/00000/frame_00000069"
    best, worst = selected.scores
    assert 0 <= worst < best <= 1


def test_a_selection_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with status 2"):
        measure_select(tmp_path / "absent", 3)


def test_the_command() -> None:
    options = ["--images", "300", "--budget", "7", "--budget", "1000", "--per-part", "64"]
    ended = CliRunner().invoke(app, ["bench", "select", *options])
    assert ended.exit_code == 0, ended.output
    assert "300 scores in files of 64" in ended.output
    rows = [line.split("│")[1:4] for line in ended.output.splitlines() if line.startswith("│")]
    assert [row[0].strip() for row in rows] == ["7", "300"]
    assert all(float(row[1]) > 0 and float(row[2]) > 20 for row in rows)
