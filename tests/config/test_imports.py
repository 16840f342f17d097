"""What reading a configuration imports: no library that computes, whatever the outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

HEAVY = ["torch", "torchvision", "ray", "pyarrow", "PIL", "scipy", "skimage", "matplotlib"]
GOOD: dict[str, Any] = {
    "name": "test",
    "data": {"name": "streets"},
    "model": {"weights": "none"},
    "acquisition": {"name": "random"},
}
FOLDER = {"name": "folder", "images": "absent", "masks": "absent", "classes": ["a", "b"]}

# (changed settings, part of the message); None is no error.
CASES: dict[str, tuple[Any, str | None]] = {
    "valid": ({}, None),
    "every section": (
        {
            "preset": "cpral",
            "acquisition": {"name": "tavaal", "stochastic": {"kind": "softmax"}},
            "noise": {"rate": 0.2},
        },
        None,
    ),
    "unknown key": ({"trian": {}}, "unknown key 'trian'; did you mean 'train'?"),
    "unknown nested key": (
        {"data": {"name": "camvid", "root": "x", "sise": [1, 1]}},
        "unknown key 'data.sise'",
    ),
    "unknown strategy": ({"acquisition": {"name": "dss"}}, "did you mean 'ds'?"),
    "unknown backbone": ({"model": {"name": "resnet"}}, "model.name: unknown 'resnet'"),
    "unknown engine": ({"engine": {"name": "dask"}}, "engine.name: unknown 'dask'"),
    "unknown preset": ({"preset": "deal"}, "unknown preset 'deal'"),
    "bad value": ({"train": {"epochs": 0}}, "train.epochs: Input should be greater than 0"),
    "bad type": ({"augment": {"scale": "x"}}, "augment.scale: Input should be"),
    "contradiction": ({"cle": {}}, "cle needs rga"),
    "needs another": ({"acquisition": {"name": "bald"}}, "needs model.channel_dropout"),
    "missing section": ({"data": None}, "data: Input should be a valid dictionary"),
    "not yaml": ("a: [1,\nb: 2\n", "is not valid YAML"),
    "not a mapping": ("- a\n", "must contain a mapping"),
    "no file": (None, "no configuration file"),
    "absent data": ({"data": {**FOLDER, "size": [8, 8]}}, "data.images: no folder"),
    "absent weights": ({"model": {"weights": "absent.pth"}}, "model.weights: no file"),
    "no weights to download": (
        {"model": {"name": "deeplabv3plus_drn_d_22", "weights": "imagenet"}},
        "raysal cannot download",
    ),
    "wrong feature": (
        {"acquisition": {"name": "coreset", "feature": "asp"}},
        "acquisition.feature: deeplabv3plus_mobilenet_v2 has no stage 'asp'",
    ),
    "wrong rating stage": (
        {"model": {"weights": "none", "rating_stages": ["c25"]}},
        "model.rating_stages: deeplabv3plus_mobilenet_v2 has no stage 'c25'",
    ),
    "sweep": ({"sweep": {"parameters": {"train.epochs": [1, 2]}}}, None),
    "sweep over nothing known": (
        {"sweep": {"parameters": {"train.epohcs": [1]}}},
        "unknown key 'train.epohcs'",
    ),
    "sweep over the engine": (
        {"sweep": {"parameters": {"engine.threads": [1]}}},
        "engine.threads does not change what is computed",
    ),
    "sweep with a wrong kind": ({"sweep": {"parameters": {"seed": 1}}}, "write a list of values"),
}

# Reads each file in one process, and prints its error and the modules that it imported.
READ = """
import json, sys
from pathlib import Path
from raysal.errors import RaysalError
from raysal.experiment.check import check_files
from raysal.experiment.config import load_experiment
from raysal.sweep.trials import load_sweep

results = {}
for case, file, heavy in json.loads(sys.argv[1]):
    error = None
    try:
        if case.startswith("sweep"):
            check_files(trial.config for trial in load_sweep(Path(file)).trials)
        else:
            config = load_experiment(Path(file))
            config.fingerprint()
            check_files([config])
    except RaysalError as raised:
        error = str(raised)
    results[case] = [error, [name for name in heavy if name in sys.modules]]
print(json.dumps(results))
"""


def read_files(files: list[tuple[str, str, list[str]]]) -> dict[str, tuple[str | None, list[str]]]:
    """Error and heavy modules of each (case, file, modules to look for), in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", READ, json.dumps(files)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    results: dict[str, tuple[str | None, list[str]]] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str | None, list[str]]]:
    folder = tmp_path_factory.mktemp("configurations")
    files = []
    for number, (case, (change, _)) in enumerate(CASES.items()):
        file = folder / f"{number}.yaml"
        if change is not None:
            text = change if isinstance(change, str) else yaml.safe_dump({**GOOD, **change})
            file.write_text(text)
        files.append((case, str(file), HEAVY))
    return read_files(files)


@pytest.mark.parametrize("case", CASES)
def test_nothing_heavy_is_imported(
    case: str, read: dict[str, tuple[str | None, list[str]]]
) -> None:
    error, imported = read[case]
    message = CASES[case][1]
    assert (error is None) == (message is None), error
    assert (message or "") in (error or "")
    assert imported == []


def test_what_is_imported_is_seen(tmp_path: Path) -> None:
    (result,) = read_files([("no file", str(tmp_path / "x"), ["yaml", "torch"])]).values()
    assert result[1] == ["yaml"]
