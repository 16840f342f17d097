"""The measure of selecting measures a selection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raysal.bench.select import make_scores, measure_select
from raysal.cli.main import app
from raysal.errors import RunError
from tests.support.score_folders import select


def test_a_folder_of_scores(tmp_path: Path) -> None:
    make_scores(tmp_path / "s", 70, 16)
    selected = select([str(tmp_path / "s")], 70, tmp_path / "q")
    assert len(selected.query) == selected.images == 70
    assert sorted(ask.image_id for ask in selected.asks)[-1] == "drive/00000/frame_00000069"
    best, worst = selected.scores
    assert 0 <= worst < best <= 1


def test_a_selection_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="ended with status 2: raysal: "):
        measure_select(tmp_path / "absent", 3)


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    options = ["--images", "300", "--budget", "1000", "--per-part", "64"]
    file = tmp_path / "figures.json"
    told = ["--rounds", "1", "--json", str(file)]
    ended = CliRunner().invoke(app, ["bench", "select", *options, *told])
    assert ended.exit_code == 0, ended.output
    (bench,) = json.loads(file.read_bytes())["benches"]
    cases = {figure["of"] for figure in bench["figures"]}
    assert cases == {"300 scores, plain", "300 scores, select 300"}
    for figure in bench["figures"]:
        assert figure["value"] > (20 if figure["unit"] == "MiB" else 0)
        assert (figure["ratio"] is not None) == (figure["unit"] == "s" and "select" in figure["of"])
        assert figure["of"] in ended.output
