"""A server for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.labelling import Browser, MadeUp, Served, served


@pytest.fixture
def place(tmp_path: Path) -> MadeUp:
    return MadeUp(tmp_path)


@pytest.fixture
def server(place: MadeUp) -> Served:
    return served(place)


@pytest.fixture
def ann(server: Served) -> Browser:
    return server.person("Ann")


@pytest.fixture
def bob(server: Served) -> Browser:
    return server.person("Bob")
