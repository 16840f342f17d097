"""What a person does at the page of the labelling tool: mouse and keys, and waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.workplace import key_of
from raysal.errors import RunError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Spot = tuple[float, float]
"""x, y in pixels of the image."""
MARGIN = 0.02
"""Of the canvas, around an image that is shown whole."""
PATIENCE_MS = 180_000


@dataclass
class Effort:
    """What hands have done.

    Attributes:
        presses: of the mouse, and of keys that change labels by themselves.
        turns: further places that a pressed mouse was led through: a straight drag has one.
        keys: other keys: tools, classes, grains.
        tools: presses of each tool.
    """

    presses: int = 0
    turns: int = 0
    keys: int = 0

    def __post_init__(self) -> None:
        self.tools: Counter[str] = Counter()


class Hand:
    """A hand at one image after the other.

    Args:
        link: as it was printed.
    """

    def __init__(self, context: BrowserContext, link: str) -> None:
        self.context, self.url = context, link.partition("/?")[0]
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(link)
        self.page.wait_for_selector("html[data-ready]")
        self.effort = Effort()
        self._scale, self._left, self._top = 1.0, 0.0, 0.0
        self._tool, self._class_id = "", -1

    def opened(self, images: dict[str, AskedImage]) -> AskedImage:
        """Wait until one of some images is open, and see it whole.

        Args:
            images: by key.
        """
        shown = ", ".join(f'#canvas[data-key="{key}"]' for key in images)
        key = self.page.locator(shown).get_attribute("data-key") or ""
        image = images[key]
        self.page.keyboard.press("0")
        box = self.page.locator("#canvas").bounding_box()
        assert box is not None
        height, width = image.size
        room = 1 - 2 * MARGIN
        self._scale = min(room * box["width"] / width, room * box["height"] / height)
        self._left = box["x"] + (box["width"] - width * self._scale) / 2
        self._top = box["y"] + (box["height"] - height * self._scale) / 2
        self.effort = Effort()
        self._tool, self._class_id = "", -1
        return image

    def has(self, *layers: str) -> None:
        """Wait until some layers are ready."""
        for layer in layers:
            self.page.wait_for_selector(f'.layer[data-layer="{layer}"]:not([disabled])')

    def take(self, tool: str, class_id: int | None = None) -> None:
        """Take a tool by its key, and a class."""
        if tool != self._tool:
            self.key(tool)
            self._tool = tool
        if class_id is not None and class_id != self._class_id:
            row = self.page.locator("#palette .class").nth(class_id)
            key = row.get_attribute("aria-keyshortcuts")
            if key:
                self.key(key.lower())
            else:  # More classes than keys.
                row.click()
                self.effort.keys += 1
            self._class_id = class_id

    def grain(self, name: str) -> None:
        """Take superpixels of a size; the tool in hand must be one that uses them."""
        button = self.page.locator(f'#options [data-grain="{name}"]')
        while button.get_attribute("aria-pressed") != "true":
            self.key("g")

    def key(self, name: str) -> None:
        """Press a key that changes no label by itself."""
        self.page.keyboard.press(name)
        self.effort.keys += 1

    def deed(self, name: str) -> None:
        """Press a key that changes labels: as good as a click."""
        self.page.keyboard.press(name)
        self._pressed(1)

    def click(self, *spots: Spot) -> None:
        """Click at some places."""
        for spot in spots:
            self.page.mouse.click(*self._on_screen(spot))
        self._pressed(len(spots))

    def drag(self, spots: Sequence[Spot]) -> None:
        """Press at the first place, move through the others, and release."""
        mouse = self.page.mouse
        mouse.move(*self._on_screen(spots[0]))
        mouse.down()
        for spot in spots[1:]:
            mouse.move(*self._on_screen(spot))
        mouse.up()
        self._pressed(1)
        self.effort.turns += len(spots) - 1

    def seen(self, spot: Spot) -> Spot:
        """The place that is hit when one is meant: the mouse moves by whole pixels."""
        x, y = self._on_screen(spot)
        return (x - self._left) / self._scale, (y - self._top) / self._scale

    @property
    def scale(self) -> float:
        """Pixels of the screen per pixel of the image."""
        return self._scale

    def finish(self) -> None:
        """Finish the image; what has no label is left."""
        self.saved()
        self.page.keyboard.press("Enter")
        self.page.wait_for_timeout(100)
        if self.page.locator('#over[data-kind="bar"]').count():  # It asks.
            self.page.keyboard.press("Enter")

    def saved(self) -> None:
        """Wait until the server has all that was drawn."""
        self.page.wait_for_timeout(50)
        self.page.wait_for_selector('#saved[data-kind="saved"]')

    def raster(self, image: AskedImage, name: str, dtype: type = np.uint8) -> np.ndarray:
        """(H, W) what the page shows of an image: `answer`, or one of its layers."""
        reply = self.context.request.get(f"{self.url}/api/images/{key_of(image)}/{name}")
        if reply.status != 200:
            raise RunError(f"{image.image_id}: the server has no {name}: {reply.text()}")
        return np.frombuffer(reply.body(), np.dtype(dtype)).reshape(image.size)

    def _on_screen(self, spot: Spot) -> tuple[int, int]:
        return (
            round(self._left + spot[0] * self._scale),
            round(self._top + spot[1] * self._scale),
        )

    def _pressed(self, times: int) -> None:
        self.effort.presses += times
        self.effort.tools[self._tool] += times


@contextmanager
def at_work(browser: Browser, link: str, width: int = 2880, height: int = 2000) -> Iterator[Hand]:
    """A hand at a window of a size in pixels."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    try:
        yield Hand(context, link)
    finally:
        context.close()
