"""DEAL's query by committee: votes with the dropout that the network is trained with anyway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from raysal.cli.main import app
from tests.support.tiny_run import TINY, queried


def test_it_needs_no_channel_dropout(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        **TINY,
        "preset": "deal-paper",
        "output": str(tmp_path),
        "acquisition": {"name": "mc_dropout", "count": 3},
        "data": {"name": "streets", "size": [48, 64], "train": 8, "val": 0, "test": 1},
        "al": {"rounds": 2, "initial": 4, "budget": 2},
        "train": {"epochs": 1, "batch_size": 4, "checkpoint": "last"},
    }
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(values))
    done = CliRunner().invoke(app, ["run", str(path)])
    assert done.exit_code == 0, done.output
    assert [len(ids) for ids in queried(tmp_path / "tiny", 2)] == [4, 2]
