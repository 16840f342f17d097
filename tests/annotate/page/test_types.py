"""The types in the comments of the page's modules, by TypeScript."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TYPESCRIPT = "typescript@5.9.3"
PAGE = ROOT / "raysal" / "annotate" / "page"


@pytest.mark.slow
def test_types() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on the PATH: the types of the page are not checked")
    folder = Path.home() / ".cache" / "raysal-typescript" / TYPESCRIPT
    compiler = folder / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        command = [npm, "install", "--silent", "--no-save", "--prefix", folder, TYPESCRIPT]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=240)
        if installed.returncode:
            pytest.skip(f"npm cannot install {TYPESCRIPT}: {installed.stderr.strip()[-200:]}")
    done = subprocess.run([compiler, "-p", PAGE], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
