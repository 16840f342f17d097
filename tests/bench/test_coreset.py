"""The core-set benchmark compares methods that make the same choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from raysal.bench import coreset
from raysal.bench.coreset import SAMPLES, Cloud, by_engine, recompute, running_minimum, write_cloud
from raysal.cli.main import app
from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.progress import Silent


def test_all_methods_choose_the_same(tmp_path: Path) -> None:
    cloud = Cloud.draw(600, 8, 5)
    picks, _ = running_minimum(cloud, 60, 1)
    assert len(picks) == 60
    sharded, _ = running_minimum(cloud, 60, 7)
    assert [far.index for far in sharded] == [far.index for far in picks]
    again = recompute(cloud, picks, "pair by pair")
    assert (again.measured, again.same) == (SAMPLES, True)
    engine = build_engine(EngineConfig(name="local"))
    ids, _ = by_engine(engine, write_cloud(cloud, tmp_path), 60)
    assert ids == [far.image_id for far in picks]


def test_a_different_choice_is_reported() -> None:
    cloud = Cloud.draw(200, 4, 3)
    picks, _ = running_minimum(cloud, 20, 1)
    others = Cloud(np.roll(cloud.vectors_ND, 1, axis=0), cloud.labelled_KD)
    assert not recompute(others, picks, "pair by pair").same


def test_the_command() -> None:
    options = ["--images", "2000", "--features", "16", "--labelled", "20", "--budget", "60"]
    few = ["--rounds", "1"]
    ended = CliRunner().invoke(app, ["bench", "coreset", *options, *few, "--engine", "local"])
    assert ended.exit_code == 0, ended.output
    assert "all ways give the same picks" in ended.output


def test_a_different_choice_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coreset, "by_engine", lambda engine, job, budget: (["other"], 1.0))
    result = coreset.bench(coreset.Work(40, 4, 3, 5, 2, rounds=1), "local", Silent())
    assert result.wrong == "the picks differ"
