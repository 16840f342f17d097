"""The labelling tool in a browser, as people use it: mouse, keys, and what is to be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.workplace import key_of
from tests.support.drawing import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

MARGIN = 0.02
PATIENCE_MS = 120_000
AFTER_FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class LabellingPage:
    """One person's browser.

    Places are pixels of the image. What is done at one returns where it really was, as a mouse
    moves by whole pixels of the screen.

    Args:
        link: as it was printed.

    Attributes:
        errors: of the page; there should be none.
    """

    def __init__(self, context: BrowserContext, link: str) -> None:
        self.context, self.link = context, link
        self.errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(link)
        self._started()

    def _said(self, message: Any) -> None:
        # The browser itself reports answers such as "not yet" of layers that are being prepared.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _started(self) -> None:
        self.page.wait_for_selector("html[data-ready]")

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        self._started()

    # What is to be seen.

    def sees(self, text: str | re.Pattern[str], timeout_s: float = PATIENCE_MS / 1000) -> None:
        """Wait until a text is shown."""
        self.page.get_by_text(text).first.wait_for(timeout=1000 * timeout_s)

    def opened(self, *images: AskedImage) -> AskedImage:
        """Wait until one of some images is open; returns it."""
        shown = ", ".join(f'#canvas[data-key="{key_of(image)}"]' for image in images)
        key = self.page.locator(shown).get_attribute("data-key")
        return next(image for image in images if key_of(image) == key)

    def has(self, layer: str) -> None:
        """Wait until a layer is ready."""
        self.page.wait_for_selector(f'.layer[data-layer="{layer}"]:not([disabled])')

    def tile(self, image: AskedImage, state: str) -> None:
        """Wait until the queue shows a state of an image."""
        self.page.wait_for_selector(f'.tile[data-key="{key_of(image)}"][data-state="{state}"]')

    def all_saved(self) -> None:
        """Wait until nothing waits in the browser."""
        self.page.wait_for_selector('#saved[data-kind="saved"]')

    def proposes_extended(self, image: AskedImage) -> bool:
        """Wait until extended labels are shown (true), or the page has gone on without."""
        proposal = self.page.get_by_text("would take over your labels")
        left = self.page.locator(f'#canvas:not([data-key="{key_of(image)}"])')
        proposal.or_(left).first.wait_for()
        return bool(proposal.count())

    def fetch(self, path: str, dtype: Any, image: AskedImage) -> np.ndarray:
        """A raster that the server has for the page, (H, W)."""
        reply = self.context.request.get(
            f"{self.link.partition('/?')[0]}/api/images/{key_of(image)}/{path}"
        )
        assert reply.status == 200, reply.text()
        return np.frombuffer(reply.body(), dtype).reshape(image.size)

    # What hands do.

    def press(self, *keys: str) -> None:
        """Press some keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def press_button(self, name: str) -> None:
        """Click a button by what it says."""
        self.page.get_by_role("button", name=name).first.click()

    def take(self, key: str, class_id: int | None = None) -> None:
        """Take a tool and a class by their keys."""
        self.press(key)
        if class_id is not None:
            row = self.page.locator("#palette .class").nth(class_id)
            self.press((row.get_attribute("aria-keyshortcuts") or "").lower())

    def brush(self, size: int) -> int:
        """Make the brush smaller until it is not larger than this; returns its size in pixels."""
        while (now := self._brush_size()) > size:
            self.press("[")
        return now

    def _brush_size(self) -> int:
        self.page.evaluate(AFTER_FRAME)
        return int(self.page.locator(".size-text").inner_text().split()[0])

    def click(self, *places: Place, image: AskedImage) -> list[Place]:
        """Click at some places."""
        return [self.drag(place, image=image)[0] for place in places]

    def drag(self, *places: Place, image: AskedImage) -> list[Place]:
        """Press, move through some places, and release."""
        mouse, view = self.page.mouse, self._view(image.size)
        spots = [view.spot(place) for place in places]
        mouse.move(*spots[0])
        mouse.down()
        for spot in spots[1:]:
            mouse.move(*spot)
        mouse.up()
        return [view.place(spot) for spot in spots]

    @contextmanager
    def filling(self) -> Iterator[dict[str, Any]]:
        """What is sent and received by the fill that is asked for inside of this."""
        found: dict[str, Any] = {}
        with self.page.expect_response(
            lambda reply: reply.url.endswith("/fill") and reply.status == 200
        ) as waiting:
            yield found
        found["sent"] = waiting.value.request.post_data_json
        found["fill"] = waiting.value.json()["fill"]

    def _view(self, size: Sequence[int]) -> _View:
        """The whole image is shown in the middle of the canvas, with a margin."""
        self.press("0")
        box = self.page.locator("#canvas").bounding_box()
        assert box is not None
        height, width = size
        room = 1 - 2 * MARGIN
        scale = min(room * box["width"] / width, room * box["height"] / height)
        left = box["x"] + (box["width"] - width * scale) / 2
        top = box["y"] + (box["height"] - height * scale) / 2
        return _View(scale, left, top)


class _View:
    def __init__(self, scale: float, left: float, top: float) -> None:
        self.scale, self.left, self.top = scale, left, top

    def spot(self, place: Place) -> tuple[int, int]:
        """The nearest whole pixel of the screen."""
        return (
            round(self.left + place[0] * self.scale),
            round(self.top + place[1] * self.scale),
        )

    def place(self, spot: tuple[int, int]) -> Place:
        return (spot[0] - self.left) / self.scale, (spot[1] - self.top) / self.scale


@contextmanager
def person(
    browser: Browser, link: str, width: int = 1280, height: int = 800
) -> Iterator[LabellingPage]:
    """A browser of its own, in which a link is opened; checks that the page has no errors."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    try:
        page = LabellingPage(context, link)
        yield page
        assert page.errors == []
    finally:
        context.close()
