"""The demo: what it asks, and that its truth is known."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from raysal.annotate.asked import where_asked
from raysal.annotate.tool.workplaces.demo import ASKED, SIZE, Demo
from raysal.annotate.tool.workplaces.demo_model import try_to_train
from raysal.data.answers import Answer
from raysal.data.decode import IGNORE, decode_image
from tests.support.faults import disk_full_for


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
    assert demo.agreement(image, np.full_like(truth, IGNORE)) is None
    row, col, height, width = image.rectangles[0]
    two_of_three = truth.copy()
    two_of_three[row : row + height, col : col + width] = IGNORE
    assert demo.agreement(image, two_of_three) == 1
    wrong = np.uint8(truth.max() + 1)
    two_of_three[row : row + height, col : col + width] = wrong
    agreed = demo.agreement(image, two_of_three)
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


def test_on_a_full_disk_it_goes_on_without_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What it does to its own process is not done to this one.
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)
    with disk_full_for("*"), pytest.raises(SystemExit) as ended:
        try_to_train(tmp_path)
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("demo: no predictions, because the small network cannot be trained: ")
    assert "no space left" in line
    assert list(tmp_path.iterdir()) == []
    demo = Demo(tmp_path, train=False)
    demo._process = Mock(is_alive=lambda: False, exitcode=1)
    assert demo.view().text.endswith("could not be trained: no predictions")
    (first, *_) = demo.view().asked.images
    with disk_full_for("*.jpg"):
        assert decode_image(first.read(), None).shape == (*SIZE, 3)
