"""Commands that do not need torch or Ray import neither, because that takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import raysal
from raysal.data.decode import encode_png
from tests.support.fabricate import make_run
from tests.support.paths import ROOT
from tests.support.score_folders import folder, video_rows

SLOW = ["torch", "torchvision", "ray"]
# Modules that help must not import either: shells call it at every press of the tab key.
HELP_SLOW = [*SLOW, "numpy", "pyarrow", "matplotlib", "scipy", "skimage", "PIL"]
COMMANDS = [
    "run", "ask", "answer", "sweep", "score", "predict", "evaluate", "select", "strategies",
    "report", "pool build", "pool show", "bench score", "bench scale", "bench votes",
    "bench regions", "bench coreset", "bench select", "bench annotate", "bench clicks",
    "bench pam", "bench report", "bench all", "bench decode", "bench train",
    "bench startup",
]  # fmt: skip
HELP = ["--version", "--help", "pool --help", "bench --help", *(f"{c} --help" for c in COMMANDS)]

# Runs commands one after the other in one process, and prints how each ended and what it imported.
RUNNER = """
import contextlib, io, json, sys, traceback
from raysal.cli.main import main

results, before = {}, set()
for command, slow in json.loads(sys.argv[1]):
    sys.argv = ["raysal", *command]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            status = traceback.format_exc()
    imported = [name for name in slow if name in sys.modules.keys() - before]
    before = set(sys.modules)
    results[" ".join(command)] = [status, out.getvalue(), imported]
print(json.dumps(results))
"""


def run_commands(
    commands: list[tuple[list[str], list[str]]], where: Path, **environment: str
) -> dict[str, Any]:
    """Status, output and imported modules of each command.

    Args:
        commands: the arguments of each, and the modules to look for.
    """
    ended = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    results: dict[str, Any] = json.loads(ended.stdout)
    return results


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    commands = [(command.split(), HELP_SLOW) for command in HELP]
    return run_commands(commands, tmp_path_factory.mktemp("help"))


@pytest.mark.parametrize("command", HELP)
def test_help_imports_nothing_slow(command: str, helped: dict[str, Any]) -> None:
    status, out, imported = helped[command]
    assert (status, imported) == (0, []), out
    assert out.strip() == raysal.__version__ if command == "--version" else "Usage:" in out


def test_help_names_the_global_options(helped: dict[str, Any]) -> None:
    for option in ("--version", "--debug", "--install-completion"):
        assert option in helped["--help"][1]


WORK = {
    "strategies": "coreset",
    "pool build images pool": "2 images",
    "pool build images small --size 16 24": "2 images",
    "pool show pool": "contact sheet",
    "select scores --budget 3 --group ^(.) --quota 1": "3 images chosen",
    "report first second --strips 3": "report.html",
}
EXPERIMENT = {
    "name": "x",
    "data": {"name": "camvid", "root": "absent"},
    "acquisition": {"name": "ds"},
}
CONFIGS: dict[str, Any] = {
    "key": {**EXPERIMENT, "colour": "red"},
    "value": {**EXPERIMENT, "train": {"epochs": -1}},
    "strategy": {**EXPERIMENT, "acquisition": {"name": "entropi"}},
    "backbone": {**EXPERIMENT, "model": {"output_stride": 4}},
    "data": EXPERIMENT,
    "sweep": {**EXPERIMENT, "sweep": {"parameters": {"optim.lrr": [0.1, 0.2]}, "metric": "miou"}},
}
MISTAKES = {
    "run absent.yaml": "absent.yaml",
    "run key.yaml": "colour",
    "run value.yaml": "train.epochs",
    "run strategy.yaml": "entropy",
    "run backbone.yaml": "output_stride",
    "run data.yaml": "data.root: no folder",
    "run data.yaml --set optim.lrr=1": "lrr",
    "run sweep.yaml": "raysal sweep",
    "sweep sweep.yaml": "sweep",
    "score model pool --acquisition entropi": "entropy",
    "score model pool --set engine.name=slurm": "engine",
    "score model pool --candidates 2": "--candidates 2",
    "predict model photos --set engine.nam=local": "did you mean 'name'",
    "predict model photos --set levels=3": "unknown key 'levels'",
    "predict model photos --out s3://bucket/x": "--out 's3://bucket/x'",
    "evaluate model absent.yaml": "absent.yaml",
    "evaluate model data.yaml": "data.root: no folder",
    "evaluate model data.yaml --set train.precision=fp8": "train.precision",
    "evaluate model data.yaml --set al.rounds=3": "only data, engine and train.precision",
    "evaluate model strategy.yaml --set data.name=kitti": "data.name: unknown 'kitti'",
    "evaluate model data.yaml --out s3://bucket/x": "--out 's3://bucket/x'",
    "predict absent images": "no checkpoint at absent",
    "predict absent nowhere": "'nowhere' does not exist",
    "model show absent": "no checkpoint at absent",
    "model export absent --out new.pt2": "no checkpoint at absent",
    "review absent": "absent is not a run",
    "show absent x": "no checkpoint at absent",
    "score absent absent --acquisition entropy": "no complete pool at",
    "select absent --budget 3": "no scores at",
    "select scores --budget 0": "--budget 0",
    "select scores --budget 3 --min-gap 2": "frame",
    "select scores --budget 3 --set seed=1": "--config and --set are for --start",
    "select images --budget 3 --start typical --quota 1": "leave out --quota",
    "select images --budget 3 --start typical --set model.weights=absent": "no file",
    "select images --budget 3 --start typical --config absent.yaml": "absent.yaml",
    "select images --budget 3 --start typical --set sise=1": "did you mean 'size'",
    "report absent": "absent",
    "compare absent": "absent",
    "status absent": "absent",
    "annotate absent": "absent",
    "pool show absent": "absent",
    "pool build camvid new --set root=absent": "data.root",
    "pool build images new --size 0 20": "--size 0 20: give height and width",
    "pool build images new --size 16 24 --no-embed": "leave out --no-embed",
}
DEBUG = ["--debug run absent.yaml", "run absent.yaml --debug"]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("work")
    (root / "images").mkdir()
    for grey in (10, 200):
        image = encode_png(np.full((24, 32, 3), grey, np.uint8))
        (root / "images" / f"{grey}.png").write_bytes(image)
    folder(root / "scores", video_rows())
    for name, strategy in (("first", "DS (entropy)"), ("second", "Random")):
        make_run(root / name, [0.3, 0.4], strategy=strategy)
    for name, values in CONFIGS.items():
        (root / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return run_commands([(command.split(), SLOW) for command in (*WORK, *MISTAKES, *DEBUG)], root)


@pytest.mark.parametrize("command", WORK)
def test_light_work_imports_neither_torch_nor_ray(command: str, worked: dict[str, Any]) -> None:
    status, out, imported = worked[command]
    assert (status, imported) == (0, []), out
    assert WORK[command] in out


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_found_without_torch_and_ray(command: str, worked: dict[str, Any]) -> None:
    status, out, imported = worked[command]
    assert (status, imported) == (2, []), out
    *_, line = out.strip().splitlines()
    assert line.startswith("raysal: ")
    assert MISTAKES[command] in line


def test_a_folder_that_is_not_there_is_said_before_what_draws_is_imported(tmp_path: Path) -> None:
    slow = [*SLOW, "matplotlib", "scipy", "pyarrow"]
    commands = [(["report", "absent"], slow), (["compare", "absent"], slow)]
    for status, out, imported in run_commands(commands, tmp_path).values():
        assert (status, imported) == (2, []), out
        assert "no folder at absent" in out


@pytest.mark.parametrize("command", DEBUG)
def test_debug_shows_the_traceback(command: str, worked: dict[str, Any]) -> None:
    status, out, imported = worked[command]
    assert (out, imported) == ("", [])
    assert status.startswith("Traceback")
    assert "ConfigError: no configuration file" in status


def test_shells_complete_commands(tmp_path: Path) -> None:
    words = {"COMP_WORDS": "raysal s", "COMP_CWORD": "1", "_RAYSAL_COMPLETE": "complete_bash"}
    (result,) = run_commands([([], HELP_SLOW)], tmp_path, **words).values()
    status, out, imported = result
    assert (status, imported) == (0, [])
    assert sorted(out.split()) == ["score", "select", "show", "status", "strategies", "sweep"]


def test_the_check_detects_an_import(tmp_path: Path) -> None:
    (result,) = run_commands([(["--version"], ["torch", "typer"])], tmp_path).values()
    assert result[2] == ["typer"]
