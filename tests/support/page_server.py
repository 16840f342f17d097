"""The labelling tool's server on a port, with its page in a real browser; it may be killed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from tests.support.labelling import MadeUp, Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

    from raysal.annotate.tool.prepare.preparation import Preparation

WAIT_MS = 20_000


class PageServer:
    """The tool for made-up images; what is stored outlives `stop`.

    Attributes:
        preparation: of the next start.
    """

    def __init__(self, folder: Path) -> None:
        self.place = MadeUp(folder)
        self.preparation: Preparation | None = None
        self.port = 0
        self.served: Served
        self._server: uvicorn.Server
        self._thread: threading.Thread
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self, name: str = "Ann", reviewer: bool = False) -> str:
        """A link by which somebody comes in."""
        token = self.served.desk.people.invite(name, reviewer, again=True)
        return f"{self.url}/?token={token}"

    def start(self) -> None:
        """Serve; on the same port as before."""
        self.served = served(self.place)
        self.served.desk.preparation = self.preparation
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(self.served.app, log_level="error", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End at once, whatever is under way."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()


@dataclass
class Tab:
    """The page, as one person uses it."""

    page: Page
    said: list[str]

    def open(self, link: str) -> None:
        """Come by a link, and wait until an image is there."""
        self.page.goto(link)
        self.wait_for_image()

    def wait_for_image(self) -> None:
        self.page.wait_for_selector("html[data-ready]", timeout=WAIT_MS)
        self.page.wait_for_selector("#canvas[data-key]", timeout=WAIT_MS)

    def wait_for_saved(self) -> None:
        self.page.wait_for_selector("#saved[data-kind=saved]", timeout=WAIT_MS)

    def brush(self, key: str, x: float) -> None:
        """A dot of the class with a key, at a place of the canvas given by 0..1 from the left."""
        self.page.keyboard.press("b")
        for _ in range(12):
            self.page.keyboard.press("[")
        self.page.keyboard.press(key)
        box = self.page.locator("#canvas").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] / 2)

    def labelled(self) -> str:
        """What the palette says of the share that is labelled."""
        self.page.wait_for_timeout(200)  # It is counted a moment after the last stroke.
        return self.page.inner_text("#labelled")


@contextlib.contextmanager
def tab_of(browser: Browser) -> Iterator[Tab]:
    """A browser that knows nothing yet. What its console complains of is in `said`."""
    context = browser.new_context(viewport={"width": 1024, "height": 768})
    page = context.new_page()
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield Tab(page, said)
    finally:
        context.close()
