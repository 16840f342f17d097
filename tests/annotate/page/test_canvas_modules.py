"""The canvas's modules that need no browser, by node's own test runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "canvas"


@pytest.mark.parametrize("test", sorted(TESTS.glob("*.test.mjs")), ids=lambda path: path.name)
def test_module(test: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the PATH: the canvas's modules are not tested")
    done = subprocess.run([node, "--test", test], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout, done.stdout
    assert "# pass 0" not in done.stdout, done.stdout
