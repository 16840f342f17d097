"""Plans of the annotator that knows the truth, and the benches in a real browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from skimage.draw import polygon2mask
from typer.testing import CliRunner

from raysal.bench.labelling.browser import launched
from raysal.bench.labelling.drags import Sheet, plan_drags
from raysal.bench.labelling.outlines import plan_outlines
from raysal.bench.labelling.scribbling import plan_strokes
from raysal.bench.labelling.speed import quantile
from raysal.cli.main import app
from raysal.data.decode import IGNORE
from raysal.errors import RunError
from tests.support.browser import chromium

SIZE = (48, 64)


def truth() -> np.ndarray:
    """A ground, a hill on it, a stripe, and a corner of which nothing is known."""
    found = np.zeros(SIZE, np.uint8)
    row, col = np.indices(SIZE)
    found[(row - 30) ** 2 + (col - 30) ** 2 < 150] = 1
    found[5:9, 10:60] = 2
    found[40:, 56:] = IGNORE
    return found


def squares(side: int) -> np.ndarray:
    row, col = np.indices(SIZE) // side
    return (row * (SIZE[1] // side) + col).astype(np.uint32)


def test_drags_reach_what_is_wanted_with_few_presses() -> None:
    grains = {"coarse": squares(8), "fine": squares(2)}
    known = truth() != IGNORE
    raster = np.full(SIZE, IGNORE, np.uint8)
    drags = list(plan_drags(raster, truth(), grains, 3, 0.95, 0.001))
    assert (raster == truth())[known].mean() >= 0.95
    again = np.full(SIZE, IGNORE, np.uint8)
    for drag in drags:
        Sheet(drag.grain, grains[drag.grain], truth(), 3).paint(again, drag)
    np.testing.assert_array_equal(again, raster)
    assert len(drags) < 15
    assert any(len(drag.places) > 2 for drag in drags), "none was led on"


def test_drags_end_where_superpixels_can_do_no_more() -> None:
    raster = np.full(SIZE, IGNORE, np.uint8)
    list(plan_drags(raster, truth(), {"coarse": squares(16)}, 3, 1.0, 0.001))
    known = truth() != IGNORE
    assert 0.5 < (raster == truth())[known].mean() < 1


def test_outlines_lie_on_each_other_and_their_corners_apart() -> None:
    apart = 2.0
    plan = plan_outlines(np.full(SIZE, IGNORE, np.uint8), truth(), 0.97, apart)
    drawn = np.full(SIZE, IGNORE, np.uint8)
    for outline in plan:
        corners = np.array(outline.corners)
        drawn[polygon2mask(SIZE, corners[:, ::-1] - 0.5)] = outline.class_id
        far = np.hypot(*(corners[:, None] - corners[None]).transpose(2, 0, 1))
        assert far[~np.eye(len(corners), dtype=bool)].min() > apart
    assert (drawn == truth())[truth() != IGNORE].mean() >= 0.97
    assert [outline.class_id for outline in plan] == [0, 1, 2]
    assert sum(len(outline.corners) for outline in plan) < 30


def test_strokes_lie_in_the_largest_wrong_areas() -> None:
    wrong = np.where(truth() == 2, 2, 1).astype(np.uint8)
    strokes = plan_strokes(wrong, truth(), 5, 4)
    assert {stroke.class_id for stroke in strokes} == {0}
    for stroke in plan_strokes(np.full(SIZE, IGNORE, np.uint8), truth(), 5, 4):
        for x, y in (stroke.a, stroke.b):
            assert truth()[int(y), int(x)] == stroke.class_id


def test_quantiles_are_values() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2
    assert quantile(list(range(1, 101)), 0.95) == 95
    assert quantile([7.0], 0.95) == 7


def test_without_a_browser_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("playwright")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nowhere")

    def launch() -> None:
        with launched():
            pass

    # In another thread, because another test's browser may be open in this one.
    with (
        ThreadPoolExecutor(1) as thread,
        pytest.raises(RunError, match="no Chromium: install"),
    ):
        thread.submit(launch).result()


def test_a_page_that_does_not_answer_is_told_in_one_line() -> None:
    with chromium():  # Skips where there is none.
        pass

    def wait() -> None:
        with launched() as browser:
            page = browser.new_page()
            page.set_default_timeout(50)
            page.wait_for_selector("#no-such-thing")

    with ThreadPoolExecutor(1) as thread, pytest.raises(RunError) as told:
        thread.submit(wait).result()
    line = str(told.value)
    assert "does not do what is waited for: " in line
    assert "50ms" in line
    assert "#no-such-thing" in line
    assert "\n" not in line


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_speed_of_a_few_images(tmp_path: Path) -> None:
    with chromium():
        pass
    options = ["--images", "5", "--strokes", "20", "--scenes", "1"]
    size = ["--height", "128", "--width", "256"]
    # In another thread, because the tests' own browser is open in this one.
    with ThreadPoolExecutor(1) as thread:
        command = ["bench", "annotate", *options, *size]
        ended = thread.submit(CliRunner().invoke, app, command).result()
    assert ended.exit_code == 0, ended.output
    assert "stroke to paint" in ended.output
    assert "undo after 20 strokes" in ended.output
    assert "image to image" in ended.output
