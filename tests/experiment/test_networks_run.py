"""Whole runs of networks other than DeepLabv3+: killed, resumed, and the same on both engines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from raysal.experiment.layout import RunLayout
from tests.support.drivers import start
from tests.support.paths import ROOT
from tests.support.tiny_run import queried, tiny, write_config

NETS = ROOT / "tests" / "support" / "own_network.py"
NETWORKS: dict[str, dict[str, Any]] = {
    "python": {"factory": "nets_here:make", "stages": ["encoder.0", "encoder.2"]},
    "smp": {"arch": "unet", "encoder": "tu-mobilenetv3_small_050"},
}
REGIONS = {
    "rga": {"subset": 6, "w": 16, "passes": 2, "on_shortfall": "overlap"},
    "cle": {"features": "lowlevel"},
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NETWORKS)
def test_killed_resumed_and_on_both_engines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module of the user's network lies in the current folder, and nowhere on the path."""
    shutil.copy(NETS, tmp_path / "nets_here.py")
    monkeypatch.chdir(tmp_path)
    config = tiny(
        tmp_path / "runs",
        model={"name": name, "channel_dropout": 0.25, **NETWORKS[name]},
        data={"train": 20, "val": 2, "test": 2},
        train={"epochs": 2, "checkpoint": "last"},
        al={"initial": 4, "budget": 2, "rounds": 3},
        acquisition={"name": "panoptic"},
        **REGIONS,
    )
    file = write_config(tmp_path / "config.yaml", config)
    root = config.folder
    chosen = {}
    for engine in ("local", "ray"):
        arguments = ["run", file, "--no-report", "--set", f"engine.name={engine}"]
        if engine == "local":
            driver = start(arguments, tmp_path / "killed.log")
            while not RunLayout(root).round(0).scores.exists():
                assert not driver.ended(0.1), "it ended before it could be killed"
            driver.kill()
        assert start(arguments, tmp_path / f"{engine}.log").ended(600)
        chosen[engine] = queried(root, 3)
        shutil.rmtree(root)
    assert chosen["local"] == chosen["ray"]
    assert len(chosen["local"][0]) == 4
    assert all(chosen["local"])
