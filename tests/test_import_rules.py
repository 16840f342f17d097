"""The import rules of pyproject.toml cover every module, including future ones."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT


def layers_contracts() -> Iterator[dict[str, Any]]:
    """The contracts that define layers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    return (contract for contract in contracts if contract["type"] == "layers")


def in_layers(contract: dict[str, Any]) -> set[str]:
    """The modules in a layer of a contract.

    A layer may be several modules ("sweep | curate"), and may be optional ("(bench)").
    """
    return set(re.findall(r"[\w.]+", " ".join(contract["layers"])))


def modules(container: str) -> set[str]:
    """The modules and packages directly inside a package of this checkout."""
    folder = ROOT.joinpath(*container.split("."))
    packages = {path.parent.name for path in folder.glob("*/*.py")}
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return packages | files


def test_a_layer_covers_every_module() -> None:
    containers = set()
    for contract in layers_contracts():
        for container in contract["containers"]:
            containers.add(container)
            uncovered = modules(container) - in_layers(contract)
            assert not uncovered, f"{container}: add to the layers in pyproject.toml: {uncovered}"
            assert contract.get("ignore_imports", []) == []
    assert "raysal" in containers


RAY = '"""New."""\n\n\ndef start() -> None:\n    """Late."""\n    import ray.data\n'
UPWARDS = '"""New."""\n\nfrom raysal.cli import main\n\n__all__ = ["main"]\n'
PLAIN = '"""New."""\n'
WRONG = {
    "engine/on_slurm/submit.py": (RAY, "raysal.engine.on_slurm.submit -> ray (l.6)"),
    "regions/cluster.py": (RAY, "raysal.regions.cluster -> ray (l.6)"),
    "data/upwards.py": (UPWARDS, "raysal.data.upwards -> raysal.cli.main (l.3)"),
    "stray/module.py": (PLAIN, "not listed as layers:\n\n- raysal.stray\n"),
}


def test_new_modules_are_under_the_rules(tmp_path: Path) -> None:
    """Ray outside its package, an import upwards, a module without a layer: all are named."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "raysal", tmp_path / "raysal")
    for name, (text, _) in WRONG.items():
        path = tmp_path / "raysal" / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    linted = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    for _, message in WRONG.values():
        assert message in linted.stdout
    assert linted.stdout.count("-> ray (") == 2, "the package's own imports of Ray are allowed"
