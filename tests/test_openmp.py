"""How threads wait, where the user has said nothing and where they have."""

from __future__ import annotations

import os

import pytest

from raysal.openmp import WAITING, wait_briefly


def test_what_the_user_has_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WAITING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_briefly()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ["GOMP_SPINCOUNT"] == WAITING["GOMP_SPINCOUNT"]
