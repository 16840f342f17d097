"""A real browser for tests, and a server of files for pages that need no other."""

from __future__ import annotations

import atexit
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_open: dict[str, Browser] = {}
_until_exit = ExitStack()
atexit.register(_until_exit.close)
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium of the system, one for all tests of a process, which may not have two.

    Without it or without Playwright the test is skipped.
    """
    if "browser" not in _open:
        _open["browser"] = _until_exit.enter_context(_launched())
    yield _open["browser"]


@contextmanager
def _launched() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pages are not tested")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on the PATH: pages are not tested")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the files of a folder are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
