"""How threads wait, where the user has said nothing and where they have."""

from __future__ import annotations

import os

import pytest

from raysal.openmp import WAITING, wait_briefly, waiting_here


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {n: v for n, v in os.environ.items() if n not in WAITING})


def test_threads_spin_briefly() -> None:
    wait_briefly()
    assert waiting_here() == WAITING


@pytest.mark.parametrize(
    ("name", "value"), [("OMP_WAIT_POLICY", "ACTIVE"), ("GOMP_SPINCOUNT", "9")]
)
def test_what_the_user_has_set_is_not_overridden(name: str, value: str) -> None:
    os.environ[name] = value
    wait_briefly()
    assert waiting_here() == {name: value}
