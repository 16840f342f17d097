"""`ray job submit --working-dir .` sends the program, and no data or outputs."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from ray._private.runtime_env.packaging import create_package

from tests.support.paths import ROOT

LIMIT = 4 << 20
"""Bytes, unpacked: twice the program. Each file of what must stay behind is as large."""


def test_small_and_complete(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("raysal", "configs"):
        shutil.copytree(ROOT / name, checkout / name)
    for name in (".rayignore", ".gitignore", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, checkout / name)
    for litter in (
        ".git/objects/pack/a.pack",
        ".venv/lib/torch.so",
        ".venv-3.12/lib/torch.so",
        "tests/test_x.py",
        "runs/quickstart/pool/part-0.parquet",
        "data/camvid/train/a.png",
        "scores/x/part.parquet",
        "pools/photos/part-0.parquet",
        ".mypy_cache/x",
        "build/lib/x.py",
    ):
        path = checkout / litter
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0" * LIMIT)
    made = tmp_path / "package.zip"
    # As Ray does it: with `.gitignore`, and with that switched off.
    for with_gitignore in (True, False):
        made.unlink(missing_ok=True)
        create_package(str(checkout), made, include_gitignore=with_gitignore)
        with zipfile.ZipFile(made) as archive:
            names = set(archive.namelist())
            size = sum(entry.file_size for entry in archive.infolist())
        assert size < LIMIT
        sent = {name.split("/")[0] for name in names}
        assert sent <= {
            "raysal",
            "configs",
            ".rayignore",
            ".gitignore",
            "pyproject.toml",
            "README.md",
        }
        package = {p.relative_to(ROOT).as_posix() for p in (ROOT / "raysal").rglob("*.py")}
        assert package <= names
        assert "raysal/report/templates/report.html.j2" in names
        assert "configs/quickstart.yaml" in names
        assert "raysal/data/pool/reader.py" in names, "`/data/` is the folder at the top alone"
