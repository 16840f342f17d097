"""One browser and one page for all tests of the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import chromium, served
from tests.support.canvas_page import PAGE
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

errors: list[object] = []


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    with served(ROOT) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def canvas_page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 820, "height": 620})
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(f"{address}/{PAGE}")
    page.wait_for_function("window.ready")
    yield page
    page.close()


@pytest.fixture
def shared(canvas_page: Page) -> Iterator[Page]:
    """The page; a test in which a script of it fails does not pass."""
    errors.clear()
    yield canvas_page
    assert not errors, errors
