"""What of a user's own network is sent to other machines."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from raysal.engine.on_ray.private import JOB_CONFIG
from raysal.engine.on_ray.shipping import runtime_environment
from raysal.models import travel


@pytest.fixture(autouse=True)
def nothing_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(travel, "_FOUND", {})


def test_a_whole_package_or_a_single_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one_package/__init__.py", "one_package/deep/nets.py", "one_file.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("one_package", "one_package.deep.nets", "one_file"):
        travel.note(importlib.import_module(name))
    assert travel.found() == [tmp_path / "one_package", tmp_path / "one_file.py"]
    monkeypatch.delenv(JOB_CONFIG, raising=False)
    ours, *theirs = runtime_environment({})["py_modules"]
    assert Path(ours).name == "raysal"
    assert theirs == [str(tmp_path / "one_package"), str(tmp_path / "one_file.py")]


def test_what_is_installed_stays() -> None:
    travel.note(importlib.import_module("torchvision.models.resnet"))
    assert travel.found() == []


def test_what_ray_brought_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = tmp_path / "runtime_resources" / "_ray_pkg_0"
    unpacked.mkdir(parents=True)
    (unpacked / "brought.py").touch()
    monkeypatch.syspath_prepend(unpacked)
    travel.note(importlib.import_module("brought"))
    monkeypatch.delenv(JOB_CONFIG, raising=False)
    assert [Path(path).name for path in runtime_environment({})["py_modules"]] == ["raysal"]
