"""A page with nothing but a Workbench, driven from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

H, W = 96, 128
REGION = (16, 24, 64, 80)  # row, column, height, width
NONE = 255
PAGE = "tests/annotate/page/canvas/page.html"


class Bench:
    """A Workbench in a page; places are in pixels of the image."""

    def __init__(self, page: Page, before: np.ndarray | None = None, whole: bool = False) -> None:
        self.page = page
        self.before = np.full((H, W), NONE, np.uint8) if before is None else before
        data = self.before.tobytes().decode("latin1")
        page.evaluate("([...a]) => start(...a)", [H, W, [list(REGION)], whole, data])

    def call(self, code: str, argument: Any = None) -> Any:
        return self.page.evaluate(code, argument)

    def take(self, tool: str, class_id: int = 1, brush: int = 9) -> None:
        self.call("([t, c, b]) => { bench.setTool(t); bench.setClass(c); bench.setBrush(b); }",
                  [tool, class_id, brush])  # fmt: skip

    def drag(self, *places: tuple[float, float], button: Any = "left") -> None:
        mouse = self.page.mouse
        mouse.move(*at(places[0]))
        mouse.down(button=button)
        for place in places[1:]:
            mouse.move(*at(place))
        mouse.up(button=button)

    def click(self, x: float, y: float) -> None:
        self.drag((x, y))

    @property
    def raster(self) -> np.ndarray:
        text = self.call("String.fromCharCode(...bench.raster)")
        return np.frombuffer(text.encode("latin1"), np.uint8).reshape(H, W)

    def events(self, name: str) -> list[Any]:
        return [detail for kind, detail in self.call("events") if kind == name]


def at(place: tuple[float, float]) -> tuple[float, float]:
    return 20 + 2 * place[0], 20 + 2 * place[1]
