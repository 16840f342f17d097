"""Add a strategy, a data set, a network, a backbone and an engine by the steps of CONTRIBUTING.md.

Each is one file of `tests/additions` and its entry in the registry that CONTRIBUTING.md names, in a
copy of the package. Then a run uses all five, and the import rules still hold.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT


@dataclass(frozen=True)
class Addition:
    """An added part.

    Attributes:
        file: in `tests/additions`.
        edits: (line of the registry, line to insert after it).
    """

    file: str
    edits: tuple[tuple[str, str], ...]


ADDITIONS = {
    "strategy": Addition(
        "rarest_class.py",
        (
            (
                "from raysal.acquisition.strategies.random import Random",
                "from raysal.acquisition.strategies.rarest_class import RarestClass",
            ),
            ("    | TAVAAL", "    | RarestClass"),
        ),
    ),
    "data set": Addition(
        "stripes.py",
        (
            (
                "from raysal.data.sets.streets.dataset import Streets",
                "from raysal.data.sets.stripes import Stripes",
            ),
            ("    | Streets", "    | Stripes"),
        ),
    ),
    "network": Addition(
        "flat.py",
        (
            (
                "    **dict.fromkeys(BACKBONES, DEEPLAB),",
                '    "flat": NetworkInfo("raysal.models.flat:Flat"),',
            ),
        ),
    ),
    "backbone": Addition(
        "shallow.py",
        (
            (
                "BACKBONES: dict[str, Backbone] = {",
                '    "shallow": Backbone("raysal.models.shallow:ShallowEncoder", (16,), "own"),',
            ),
        ),
    ),
    "engine": Addition(
        "narrating.py", (("ENGINES = {", '    "narrating": "raysal.engine.narrating",'),)
    ),
}
EXPERIMENT = {
    "name": "added",
    "data": {"name": "stripes"},
    "model": {"name": "flat", "weights": "none"},
    "train": {"epochs": 1, "batch_size": 4},
    "al": {"initial": 4, "budget": 3, "rounds": 2},
    "acquisition": {"name": "rarest_class"},
    "engine": {"name": "narrating", "threads": 1},
}


def steps() -> dict[str, tuple[str, str]]:
    """For each kind of part, its file and its registry according to CONTRIBUTING.md."""
    rows = re.findall(
        r"^\| ([a-z ]+) \| `(raysal/\S+)/NAME\.py`.*\| `(raysal/\S+\.py)` \|$",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.MULTILINE,
    )
    return {kind: (folder, registry) for kind, folder, registry in rows}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with all five parts added."""
    root = tmp_path_factory.mktemp("extended")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "raysal", root / "raysal", ignore=shutil.ignore_patterns("__pycache__"))
    for kind, (folder, registry) in steps().items():
        addition = ADDITIONS[kind]
        shutil.copy(ROOT / "tests" / "additions" / addition.file, root / folder)
        text = (root / registry).read_text()
        for after, line in addition.edits:
            assert text.count(f"{after}\n") == 1, (registry, after)
            text = text.replace(f"{after}\n", f"{after}\n{line}\n")
        (root / registry).write_text(text)
    return root


def raysal(root: Path, *arguments: str) -> str:
    """Run a command of the copy; returns its output."""
    done = subprocess.run(
        [sys.executable, "-m", "raysal.cli.main", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_contributing_names_every_kind() -> None:
    assert steps().keys() == ADDITIONS.keys()


@pytest.mark.slow
def test_a_run_with_all_five(extended: Path) -> None:
    config = extended / "added.yaml"
    config.write_text(yaml.safe_dump({**EXPERIMENT, "output": str(extended / "runs")}))
    said = raysal(extended, "run", str(config), "--no-report")
    assert "the narrating engine starts" in said
    assert "added: stripes, Rarest class, 2 rounds" in said
    record = json.loads((extended / "runs/added/rounds/001/record/record.json").read_text())
    assert record["labelled"]["images"] == 7
    assert "rarest_class" in raysal(extended, "strategies")


def test_the_import_rules_hold_for_them(extended: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=extended, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
