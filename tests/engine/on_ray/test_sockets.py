"""Ray's sockets below a long TMPDIR."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raysal.engine.on_ray import sockets
from raysal.engine.on_ray.sockets import LONGEST, short_temporary_folder
from raysal.errors import ClusterError


@pytest.mark.parametrize("name", ["TMPDIR", "RAY_TMPDIR"])
def test_a_long_folder_is_replaced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("TMPDIR", "RAY_TMPDIR"):
        monkeypatch.delenv(other, raising=False)
    assert short_temporary_folder() is None
    monkeypatch.setenv(name, "/" + "x" * (LONGEST - 1))
    assert short_temporary_folder() is None
    monkeypatch.setenv(name, "/" + "x" * LONGEST)
    folder = short_temporary_folder()
    assert folder is not None
    assert len(folder) <= LONGEST
    assert Path(folder).stat().st_uid == os.getuid()


def test_no_other_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "/" + "x" * 90)
    monkeypatch.setattr(sockets, "SHORT", str(tmp_path / "absent"))
    with pytest.raises(ClusterError, match=r"^TMPDIR \(/x+\) is too long .* engine.name=local$"):
        short_temporary_folder()
