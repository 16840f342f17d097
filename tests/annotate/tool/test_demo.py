"""The demo: what it asks, and that its truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raysal.annotate.asked import where_asked
from raysal.annotate.tool.workplaces.demo import ASKED, SIZE, Demo
from raysal.data.answers import Answer
from raysal.data.decode import IGNORE, decode_image


def test_pictures_are_of_the_size_that_is_asked(tmp_path: Path) -> None:
    demo = Demo(tmp_path, train=False)
    view = demo.view()
    assert len(view.by_key) == len(ASKED)
    assert sum(image.whole for image in view.asked.images) == 4
    first = view.asked.images[0]
    assert decode_image(first.read(), None).shape == (*SIZE, 3)
    assert (tmp_path / "images").exists()
    for image in view.asked.images:
        assert where_asked(image).sum() == sum(h * w for _, _, h, w in image.rectangles)


def test_agreement_is_of_what_is_asked(tmp_path: Path) -> None:
    demo = Demo(tmp_path, train=False)
    image = demo.view().asked.images[0]
    truth = demo._streets.raw_label(demo._item_of[image.image_id]).copy()
    inside = where_asked(image)
    assert demo.agreement(image, np.where(inside, truth, IGNORE).astype(np.uint8)) == 1
    assert demo.agreement(image, np.full_like(truth, IGNORE)) == 0
    row, col, height, width = image.rectangles[0]
    half = truth.copy()
    half[row : row + height, col : col + width] = IGNORE
    agreed = demo.agreement(image, half)
    assert agreed is not None
    assert 0.6 < agreed < 0.7


def test_it_ends_when_all_is_labelled(tmp_path: Path) -> None:
    demo = Demo(tmp_path, train=False)
    view = demo.view()
    assert view.state == "asks"
    for image in view.asked.images:
        raster = np.zeros(image.size, np.uint8)
        view.asked.store(image).save(Answer(image.image_id, raster, "ann", "test"))
    assert demo.view().state == "finished"
