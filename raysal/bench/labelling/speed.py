"""How fast the labelling tool is, measured in a real browser on a real server."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raysal.annotate.tool.workplace import key_of
from raysal.bench.labelling.browser import launched
from raysal.bench.labelling.hand import Hand
from raysal.bench.labelling.memory import Memory, memory_of
from raysal.bench.labelling.place import Picture, Place, serving
from raysal.bench.labelling.stopwatch import SCRIPT, Stopwatch
from raysal.bench.scoring import make_bench_model
from raysal.data.sets.streets.dataset import Streets
from raysal.errors import RunError
from raysal.progress import Watch

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

QUERY = "bench"
WINDOW = (1440, 900)
WARM_STROKES = 10
STROKE_MOVES = 6
UNDOS = 60
FEW_IMAGES = 0.1
"""Share of the images after which memory is measured first."""


@dataclass(frozen=True)
class Work:
    """How much is done.

    Attributes:
        images: that are opened.
        strokes: that are drawn in the first one.
        scenes: different pictures; the images are copies of them.
        size: (height, width) of the pictures.
    """

    images: int = 200
    strokes: int = 2000
    scenes: int = 4
    size: tuple[int, int] = (1024, 2048)


@dataclass(frozen=True)
class Speed:
    """What was measured; times in milliseconds.

    Attributes:
        paint: from when the page takes a move of the pointer to when its frame is painted.
        paint_made: from when the move was made; the wait for the next tick of the display counts.
        undo: from the key to the frame, after all strokes.
        steps: that could be undone.
        turn: from the key to the frame of the next image, which was fetched before.
        save: from the request until it is confirmed.
        few, many: memory after the first images, and after all.
        few_images: their number.
    """

    browser: str
    paint: tuple[float, ...]
    paint_made: tuple[float, ...]
    undo: tuple[float, ...]
    steps: int
    turn: tuple[float, ...]
    save: tuple[float, ...]
    few: Memory
    many: Memory
    few_images: int


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below the share of the values."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def measure(root: Path, work: Work, watch: Watch) -> Speed:
    """Measure all.

    Args:
        root: a folder for pictures, a model, and answers.

    Raises:
        RunError: there is no browser, or the page does not answer.
    """
    place = _place(root, work, watch)
    images = {key_of(image): image for image in place.asked().images}
    with launched() as browser, serving(place) as link:
        context = browser.new_context(
            viewport={"width": WINDOW[0], "height": WINDOW[1]}, reduced_motion="reduce"
        )
        context.add_init_script(SCRIPT)
        bench = _Bench(context, link, work, watch)
        hand = bench.hand
        hand.opened(images)
        hand.has("superpixels", "prediction", "map")
        made, taken = bench.strokes()
        undone = bench.undos()
        few_images = max(2, round(FEW_IMAGES * work.images))
        turns = bench.turns(few_images - 1)
        few = memory_of(browser, hand.page)
        turns += bench.turns(work.images - few_images)
        many = memory_of(browser, hand.page)
        version = f"Chromium {browser.version}"
        context.close()
    return Speed(
        browser=version,
        paint=taken,
        paint_made=made,
        undo=undone,
        steps=work.strokes,
        turn=turns,
        save=tuple(bench.saves),
        few=few,
        many=many,
        few_images=few_images,
    )


class _Bench:
    """One thing after the other, in one page."""

    def __init__(self, context: BrowserContext, link: str, work: Work, watch: Watch) -> None:
        self.work, self.watch = work, watch
        self.saves: list[float] = []
        self._fetched: set[str] = set()
        self._opened: set[str] = set()
        context.on("requestfinished", self._finished)  # Before the page makes its first request.
        self.hand = Hand(context, link)
        self.clock = Stopwatch(self.hand.page)

    def strokes(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Draw all strokes; the times of moves from when they were made, and were taken."""
        height, width = self.work.size
        self.hand.take("b", 0)
        self.watch.start("draw strokes", self.work.strokes)
        made: list[float] = []
        taken: list[float] = []
        for number in range(self.work.strokes):
            self.hand.take("b", number % 5)
            # Somewhere else each time, without chance: multiples of the golden ratio.
            x = width * (0.05 + 0.8 * (number * 0.618034 % 1))
            y = height * (0.05 + 0.8 * (number * 0.414214 % 1))
            step = width / 200
            self.hand.drag([(x + step * k, y + step * (k % 3)) for k in range(STROKE_MOVES)])
            if number == WARM_STROKES:
                self.clock.inputs("pointermove")
            if number % 50 == 49 or number == self.work.strokes - 1:
                for event in self.clock.inputs("pointermove"):
                    made.append(event["painted"] - event["made"])
                    taken.append(event["painted"] - event["taken"])
            self.watch.advance(1)
        self.watch.finish()
        self.hand.saved()
        return tuple(made), tuple(taken)

    def undos(self) -> tuple[float, ...]:
        """Undo some strokes."""
        self.clock.inputs("keydown")
        for _ in range(min(UNDOS, self.work.strokes // 2)):
            self.hand.key("u")
            self.hand.page.wait_for_timeout(30)
        found = [each for each in self.clock.inputs("keydown") if each["key"] == "u"]
        self.hand.saved()
        return tuple(each["painted"] - each["made"] for each in found[2:])

    def turns(self, count: int) -> tuple[float, ...]:
        """Go from image to image: each gets a stroke, is finished, and the next was fetched."""
        self.watch.start("turn over images", count)
        height, width = self.work.size
        times: list[float] = []
        for _ in range(count):
            self._await_next()
            self.hand.take("b", 1)
            self.hand.drag([(width * 0.3, height * 0.3), (width * 0.5, height * 0.6)])
            self.hand.saved()
            self.hand.page.keyboard.press("Enter")  # Some pixels have no label: it asks.
            self.hand.page.wait_for_selector('#over[data-kind="bar"]')
            self.clock.inputs("keydown")
            self.clock.opened()
            here = self._key
            self.hand.page.keyboard.press("Enter")
            self.hand.page.wait_for_selector(f'#canvas[data-key]:not([data-key="{here}"])')
            pressed = [each for each in self.clock.inputs("keydown") if each["key"] == "Enter"]
            shown = self.clock.opened()
            if not pressed or not shown:
                raise RunError("the page did not show the next image")
            times.append(shown[-1]["painted"] - pressed[-1]["made"])
            self.watch.advance(1)
        self.watch.finish()
        return tuple(times[1:] if len(times) > 4 else times)

    @property
    def _key(self) -> str:
        return self.hand.page.locator("#canvas").get_attribute("data-key") or ""

    def _await_next(self) -> None:
        """Wait until the next image has been fetched."""
        self.hand.has("superpixels", "prediction", "map")
        self._opened.add(self._key)
        for _ in range(1200):
            if self._fetched - self._opened:
                return
            self.hand.page.wait_for_timeout(50)
        raise RunError("the next image was not fetched within a minute")

    def _finished(self, request: object) -> None:
        """Note what the browser says of a request."""
        url, method = request.url, request.method  # type: ignore[attr-defined]
        key, _, layer = url.partition("/api/images/")[2].partition("/")
        if method == "PUT" and layer == "answer":
            self.saves.append(request.timing["responseEnd"])  # type: ignore[attr-defined]
        elif layer == "picture" and key:
            self._fetched.add(key)


def _place(root: Path, work: Work, watch: Watch) -> Place:
    """Copies of some drawn streets, and a network with random weights: speed does not tell."""
    streets = Streets(size=work.size, train=work.scenes)
    folder = root / "images"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for item in streets.items("train"):
        files.append(folder / f"{item.image_id}.jpg")
        files[-1].write_bytes(streets.image_bytes(item))
    watch.say(f"drawn: {work.scenes} pictures of {work.size[1]}x{work.size[0]} pixels")
    pictures = [
        Picture(f"image-{number:04d}", QUERY, file, work.size)
        # One more than are opened: the last one has a next one, too.
        for number, file in zip(range(work.images + 1), itertools.cycle(files), strict=False)
    ]
    model = make_bench_model(root / "model", (work.size[0] // 4, work.size[1] // 4))
    return Place(root, streets.class_names, streets.palette, tuple(pictures), ((QUERY, model),))
