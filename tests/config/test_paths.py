"""Where a relative path lies, at home and in a Ray job."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from raysal.config.settings import Frozen, KeptPath, LocalPath, kept


class Settings(Frozen):
    """Something to read and something to write."""

    root: LocalPath
    output: KeptPath = "runs"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is a copy of the working folder; returns it."""
    copy = tmp_path / "session" / "runtime_resources" / "working_dir_files" / "_ray_pkg_1"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return copy


def test_relative_to_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(root="data")
    assert settings.output == str(tmp_path / "runs")
    assert settings.root == str(tmp_path / "data")
    assert kept("scores") == Path("scores")


def test_results_of_a_job_outlast_its_working_folder(job: Path, tmp_path: Path) -> None:
    settings = Settings(root="data")
    assert settings.output == str(tmp_path / "home" / "runs")
    assert settings.root == str(job / "data")
    assert kept("scores") == tmp_path / "home" / "scores"


@pytest.mark.usefixtures("job")
def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = Settings(root="/data", output=str(tmp_path / "out"))
    assert (settings.root, settings.output) == ("/data", str(tmp_path / "out"))
    assert kept(tmp_path) == tmp_path


@pytest.mark.parametrize("key", ["root", "output"])
def test_no_uris(key: str) -> None:
    with pytest.raises(ValidationError, match="only pools may be URIs"):
        Settings.model_validate({"root": "data", key: "s3://bucket/x"})
