"""The page's modules that need no browser, by node's own test runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.mark.parametrize(
    "test", sorted(FOLDER.rglob("*.test.mjs")), ids=lambda path: str(path.relative_to(FOLDER))
)
def test_module(test: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the PATH: the modules of the page are not tested")
    done = subprocess.run([node, "--test", test], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout, done.stdout
    assert "# pass 0" not in done.stdout, done.stdout
