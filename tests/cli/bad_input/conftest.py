"""A tiny experiment, and a finished run of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from raysal.engine.build import build_engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.commands import Setting, experiment
from tests.support.fake_datasets import fake_folder


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    data = fake_folder(tmp_path / "data")
    config = tmp_path / "experiment.yaml"
    config.write_text(yaml.safe_dump(experiment(data, tmp_path / "runs")))
    return Setting(config, data, tmp_path / "runs" / "run")


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("finished")
    values = experiment(fake_folder(root / "data"), root / "runs")
    config = ExperimentConfig.model_validate(values)
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    return root / "runs" / "run"


@pytest.fixture
def finished(setting: Setting, finished_run: Path) -> Setting:
    """The same setting with a finished run, in which paths point to this setting's data."""
    shutil.copytree(finished_run, setting.root)
    data = finished_run.parents[1] / "data"  # With its times, as `cp -a` would copy it.
    shutil.copytree(data, setting.config.parent / "data", dirs_exist_ok=True)
    there, here = (str(root.parents[1]) for root in (finished_run, setting.root))
    config = setting.root / "config.yaml"
    config.write_text(config.read_text().replace(there, here))
    return setting
