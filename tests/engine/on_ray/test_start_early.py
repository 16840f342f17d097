"""An engine that is started while the driver imports torch; here, without Ray."""

from __future__ import annotations

from typing import Any

import pytest

from raysal.engine import on_ray
from raysal.engine.build import engine_early
from raysal.engine.config import EngineConfig
from raysal.engine.on_ray import start
from raysal.errors import ClusterError


class Pretended:
    """Stands for a `Started`, and notes what is asked of it."""

    def __init__(self) -> None:
        self.crew = None
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What engines were built with, instead of the engines."""
    seen: list[Any] = []
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(on_ray, "_build", lambda config, started: seen.append(started))
    return seen


def test_it_is_used_once(built: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    there = Pretended()
    monkeypatch.setattr(start, "start", lambda config: there)
    with engine_early(EngineConfig(name="ray")) as make:
        make()
        make()
    assert built == [there, None]
    assert there.stopped == 0, "the engine stops it"


def test_it_is_stopped_if_nobody_asks(built: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    there = Pretended()
    monkeypatch.setattr(start, "start", lambda config: there)
    with pytest.raises(KeyError), engine_early(EngineConfig(name="ray")):
        raise KeyError
    assert (built, there.stopped) == ([], 1)


def test_what_is_wrong_is_said_when_the_engine_is_asked_for(
    built: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(config: EngineConfig) -> None:
        raise ClusterError("no room")

    monkeypatch.setattr(start, "start", fail)
    with engine_early(EngineConfig(name="ray")) as make:
        make()
    assert built == [None], "it is started again, and says what is wrong"


def test_a_cluster_is_not_joined_early(built: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "start", lambda config: pytest.fail("it was joined"))
    with engine_early(EngineConfig(name="ray", address="there:6379")) as make:
        make()
    assert built == [None]


def test_an_engine_that_starts_at_once() -> None:
    with engine_early(EngineConfig(name="local")) as make:
        assert type(make()).__name__ == "LocalEngine"
