"""A hand that labels one image in the browser, and knows what each step should draw."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from raysal.annotate.asked import AskedImage
from raysal.data.answers import Answer, AnswerStore
from tests.support.drawing import Drawing, Place, pixel
from tests.support.labelling_page import LabellingPage

STORED_WITHIN_S = 60.0


class Hand:
    """Tools of the page, each with what it should do.

    Args:
        store: where the answers for the image go.
        drawing: what is drawn already.
    """

    def __init__(
        self,
        page: LabellingPage,
        image: AskedImage,
        store: AnswerStore,
        drawing: Drawing | None = None,
    ) -> None:
        self.page, self.image, self.store = page, image, store
        self.drawing = drawing or Drawing(image)

    @cached_property
    def superpixel_ids(self) -> np.ndarray:
        """Of the medium grain, as the server has them."""
        self.page.has("superpixels")
        return self.page.fetch("superpixels/medium", np.uint32, self.image)

    @cached_property
    def prediction(self) -> np.ndarray:
        """As the server has it."""
        self.page.has("prediction")
        return self.page.fetch("prediction", np.uint8, self.image)

    def superpixels(self, class_id: int, y: float, x0: float, x1: float) -> None:
        """Drag over superpixels, along a row."""
        ids = self.superpixel_ids
        self.page.take("s", class_id)
        a, b = self.page.drag((x0, y), (x1, y), image=self.image)
        self.drawing.paint(np.isin(ids, list(self._under(ids, a, b))), class_id)

    def brush(self, class_id: int, *places: Place, size: int) -> None:
        """A stroke."""
        self.page.take("b", class_id)
        size = self.page.brush(size)
        spots = self.page.drag(*places, image=self.image)
        self.drawing.paint(self.drawing.stroke(spots, size), class_id)

    def erase(self, *places: Place, size: int) -> None:
        """A stroke that takes labels away."""
        self.page.take("e")
        size = self.page.brush(size)
        spots = self.page.drag(*places, image=self.image)
        self.drawing.paint(self.drawing.stroke(spots, size), 255)

    def enclose(self, class_id: int, *corners: Place) -> None:
        """A closed line."""
        self.page.take("l", class_id)
        spots = self.page.click(*corners, image=self.image)
        self.page.press("c")
        self.drawing.paint(self.drawing.inside(spots), class_id, clicks=len(corners) + 1)

    def cut(self, a: Place, b: Place, sides: Mapping[Place, int]) -> None:
        """An open line, and then the parts at some places filled.

        Args:
            sides: class ids by place.
        """
        self.page.take("l")
        a, b = self.page.click(a, b, image=self.image)
        self.page.press("Enter")
        self.drawing.mark(clicks=2)
        before = self.drawing
        for place, class_id in sides.items():
            self.page.take("l", class_id)
            (spot,) = self.page.click(place, image=self.image)
            self.drawing.paint(before.cut(a, b, spot), class_id)

    def bucket(self, class_id: int, at: Place) -> None:
        """Fill what is connected."""
        self.page.take("k", class_id)
        (spot,) = self.page.click(at, image=self.image)
        self.drawing.paint(self.drawing.connected(spot), class_id)

    def modify(self, at: Place, class_id: int) -> None:
        """Choose an area, and give it another class."""
        self.page.take("m")
        (spot,) = self.page.click(at, image=self.image)
        self.page.take("m", class_id)
        self.drawing.paint(self.drawing.connected(spot), class_id)

    def pick(self, at: Place, *places: Place, size: int) -> None:
        """Take the class from the picture, and draw with it."""
        self.page.take("i")
        (spot,) = self.page.click(at, image=self.image)
        class_id = int(self.drawing.raster[pixel(spot)])
        self.page.take("b")
        size = self.page.brush(size)
        spots = self.page.drag(*places, image=self.image)
        self.drawing.paint(self.drawing.stroke(spots, size), class_id)

    def scribble(self, strokes: Mapping[int, tuple[float, float, float]]) -> None:
        """A scribble of each class, along a row, and then the rest.

        Args:
            strokes: y, x0, x1 by class id; the last one lies in the region that is filled.
        """
        ids = self.superpixel_ids
        seeds: dict[int, set[int]] = {}
        spot = (0.0, 0.0)
        for class_id, (y, x0, x1) in strokes.items():
            self.page.take("d", class_id)
            spot, end = self.page.drag((x0, y), (x1, y), image=self.image)
            self.drawing.mark()
            for superpixel in self._under(ids, spot, end):
                seeds.setdefault(superpixel, set()).add(class_id)
        with self.page.filling() as filling:
            self.page.press("f")
        sent = dict(filling["sent"]["seeds"])
        assert sent.keys() == seeds.keys()
        assert [s for s in seeds if sent[s] not in seeds[s]] == []
        assert [s for s, c in filling["fill"] if s in sent and sent[s] != c] == []
        self.drawing.fill(ids, filling["fill"], spot)

    def accept_region(self, region: int) -> None:
        """Take over the prediction in the present region."""
        prediction = self.prediction
        self.page.press("a")
        self.drawing.accept(prediction, region)

    def accept_superpixel(self, at: Place) -> None:
        """Take over the prediction in a superpixel."""
        prediction, ids = self.prediction, self.superpixel_ids
        self.page.take("p")
        (spot,) = self.page.click(at, image=self.image)
        self.drawing.paint(ids == ids[pixel(spot)], prediction)

    def undo(self) -> None:
        """Take the last step back."""
        self.page.press("u")
        self.drawing.undo()

    def unlock(self) -> None:
        """Allow to draw beside what is asked for."""
        self.page.press("Shift+O")
        self.drawing.asked[:] = True

    def finish(self) -> None:
        """Enter, and once more if it is asked whether to leave pixels unlabelled."""
        self.page.press("Enter")
        if (self.drawing.raster[self.drawing.was_asked] == 255).mean() > 0.0005:
            self.page.press("Enter")

    def refuse_extended(self) -> None:
        """After finishing regions: refuse the largest part of what is proposed, if anything is, and
        go on."""
        if not self.page.proposes_extended(self.image):
            return
        parts = self.page.fetch("groups", np.uint16, self.image)
        sizes = np.bincount(parts.ravel())[1:]
        self.drawing.refused = parts == 1 + sizes.argmax()
        row, col = np.argwhere(self.drawing.refused)[0]
        self.page.click((col + 0.5, row + 0.5), image=self.image)
        self.drawing.clicks += 1
        self.page.sees(re.compile(f"^{len(sizes) - 1} areas? of {len(sizes)} would"))
        self.page.press("Enter")

    def accept_extended(self) -> None:
        """After finishing regions: take what is proposed, if anything is, and go on."""
        if self.page.proposes_extended(self.image):
            self.page.press("Enter")

    def stored(self, *states: str) -> Answer:
        """The answer in the store, once it is what was drawn.

        Args:
            states: of the answer; any by default.
        """
        end = time.monotonic() + STORED_WITHIN_S
        while True:
            answer = self.store.current(self.image.image_id)
            if answer is not None and answer.raster is not None:
                same = np.array_equal(answer.raster, self.drawing.raster)
                if same and (not states or answer.state in states):
                    return answer
            if time.monotonic() > end:
                assert answer is not None, f"nothing is stored of {self.image.image_id}"
                np.testing.assert_array_equal(answer.raster, self.drawing.raster)
                raise AssertionError(f"{self.image.image_id} is {answer.state}, not {states}")
            time.sleep(0.05)

    def _under(self, ids: np.ndarray, a: Place, b: Place) -> set[int]:
        """The superpixels of asked pixels between two places of one row."""
        (row, first), (last_row, last) = pixel(a), pixel(b)
        assert row == last_row
        between = slice(max(0, min(first, last)), max(first, last) + 1)
        return set(ids[row, between][self.drawing.asked[row, between]].tolist())
