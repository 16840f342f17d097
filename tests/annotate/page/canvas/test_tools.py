"""The canvas in a real browser: every tool paints exactly the pixels that it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import ndimage

from tests.support.canvas_page import NONE, REGION, Bench, H, W, at

if TYPE_CHECKING:
    from playwright.sync_api import Page


def asked() -> np.ndarray:
    mask = np.zeros((H, W), bool)
    row, column, height, width = REGION
    mask[row : row + height, column : column + width] = True
    return mask


def near(a: tuple[float, float], b: tuple[float, float], radius: float) -> np.ndarray:
    """Which centres lie within a distance of a segment, (H, W)."""
    y, x = np.mgrid[:H, :W] + 0.5
    d = np.subtract(b, a)
    t = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / max(1e-9, float(d @ d)), 0, 1)
    return np.hypot(x - a[0] - t * d[0], y - a[1] - t * d[1]) <= radius


def triangle(a: Any, b: Any, c: Any) -> np.ndarray:
    y, x = np.mgrid[:H, :W] + 0.5
    sides = [(q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])
             for p, q in ((a, b), (b, c), (c, a))]  # fmt: skip
    return (np.array(sides) > 0).all(0) | (np.array(sides) < 0).all(0)


def painted(before: np.ndarray, mask: np.ndarray, class_id: int) -> np.ndarray:
    after = before.copy()
    after[mask] = class_id
    return after


def blocks(size: int = 16) -> np.ndarray:
    """Superpixels: squares, (H, W)."""
    y, x = np.mgrid[:H, :W] // size
    return y * (W // size) + x


def areas() -> np.ndarray:
    """A labelled image: class 2, in it two separate patches of class 3, and unlabelled pixels."""
    data = np.full((H, W), 2, np.uint8)
    data[30:50, 40:60] = 3
    data[60:70, 70:90] = 3
    data[:20] = NONE
    return data


def show_superpixels(bench: Bench) -> None:
    bench.call("(l) => superpixels(l, 48)", blocks().ravel().tolist())


def test_brush_paints_what_is_near_its_path_and_asked(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("brush", 1, brush=9)
    path = [(40.0, 30.0), (60.5, 50.0), (120.0, 52.5)]
    bench.drag(*path)
    stroke = near(path[0], path[1], 4.5) | near(path[1], path[2], 4.5)
    np.testing.assert_array_equal(bench.raster, painted(bench.before, stroke & asked(), 1))
    [edit] = bench.events("edit")
    assert (edit["tool"], edit["class_id"], edit["region"], edit["clicks"]) == ("brush", 1, 0, 1)

    bench.call("bench.unlocked = true")
    bench.take("brush", 0, brush=9)
    bench.drag((100.0, 5.0), (100.0, 90.0))
    both = painted(painted(bench.before, stroke & asked(), 1), near((100, 5), (100, 90), 4.5), 0)
    np.testing.assert_array_equal(bench.raster, both)
    assert bench.call("bench.undo()")
    assert bench.call("bench.undo()")
    assert not bench.call("bench.undo()")
    np.testing.assert_array_equal(bench.raster, bench.before)
    assert bench.call("bench.redo() && bench.redo()")
    np.testing.assert_array_equal(bench.raster, both)


def test_eraser_and_the_other_button_take_labels_away(shared: Page) -> None:
    bench = Bench(shared, areas())
    bench.take("eraser", 1, brush=6)
    bench.drag((50.0, 40.0), (70.0, 40.0))
    once = painted(bench.before, near((50, 40), (70, 40), 3) & asked(), NONE)
    np.testing.assert_array_equal(bench.raster, once)
    bench.take("brush", 1, brush=6)
    bench.drag((50.0, 60.0), (70.0, 60.0), button="right")
    twice = painted(once, near((50, 60), (70, 60), 3) & asked(), NONE)
    np.testing.assert_array_equal(bench.raster, twice)
    assert [edit["tool"] for edit in bench.events("edit")] == ["eraser", "eraser"]


def test_superpixels_dragged_over_are_filled_as_one_step(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("superpixel", 3)
    bench.click(40, 40)
    assert bench.events("notice"), "a tool that has no superpixels yet says so"
    show_superpixels(bench)
    bench.drag((40.0, 40.0), (70.0, 41.0), (70.0, 60.0))
    ids = [blocks()[40, 40], blocks()[40, 50], blocks()[41, 70], blocks()[60, 70]]
    expected = painted(bench.before, np.isin(blocks(), ids) & asked(), 3)
    np.testing.assert_array_equal(bench.raster, expected)
    assert len(bench.events("edit")) == 1
    bench.click(5, 5)  # outside of what is asked
    np.testing.assert_array_equal(bench.raster, expected)


def test_closed_line_fills_its_inside(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("line", 2)
    corners = [(30.0, 25.0), (80.0, 30.0), (44.0, 70.0)]
    for corner in corners:
        bench.click(*corner)
    np.testing.assert_array_equal(bench.raster, bench.before)
    bench.click(*corners[0])
    expected = painted(bench.before, triangle(*corners) & asked(), 2)
    np.testing.assert_array_equal(bench.raster, expected)
    [edit] = bench.events("edit")
    assert (edit["tool"], edit["clicks"]) == ("line", 4)


def test_line_in_hand_can_be_changed(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("line", 2)
    for place in [(30.0, 25.0), (90.0, 30.0), (44.0, 60.0), (50.0, 90.0)]:
        bench.click(*place)
    assert bench.call("bench.backLine()")  # the last vertex
    bench.drag((90.0, 30.0), (85.0, 31.0), (80.0, 30.0))  # the second one is moved
    assert bench.call("bench.closeLine()")
    inside = triangle((30, 25), (80, 30), (44, 60))
    np.testing.assert_array_equal(bench.raster, painted(bench.before, inside & asked(), 2))
    bench.click(30, 80)
    assert bench.call("bench.cancelLine()")
    assert bench.call("bench.linePoints") == 0
    assert not bench.call("bench.cancelLine()")


def test_open_line_cuts_parts_that_are_filled_apart(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("line", 1)
    a, b = (60.0, 10.0), (70.0, 85.0)
    bench.click(*a)
    bench.page.mouse.dblclick(*at(b))
    np.testing.assert_array_equal(bench.raster, bench.before)
    y, x = np.mgrid[:H, :W] + 0.5
    left = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) > 0
    bench.click(30, 40)
    expected = painted(bench.before, left & asked(), 1)
    np.testing.assert_array_equal(bench.raster, expected)
    bench.call("bench.setClass(3)")
    bench.click(100, 40)
    both = painted(expected, ~left & asked(), 3)
    np.testing.assert_array_equal(bench.raster, both)
    assert bench.events("line")[-1] == {"points": 0, "cut": False}
    for before in (expected, bench.before):  # The cut comes back with what is taken back.
        bench.call("bench.undo()")
        np.testing.assert_array_equal(bench.raster, before)
    bench.call("bench.setTool('bucket')")
    bench.click(100, 40)
    np.testing.assert_array_equal(bench.raster, painted(bench.before, ~left & asked(), 3))


def test_line_that_cuts_nothing_says_so_and_stays(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("line", 1)
    bench.click(50, 40)
    bench.click(60, 50)
    assert bench.call("bench.finishLine()")
    assert "border to border" in bench.events("notice")[-1]["text"]
    assert bench.call("bench.linePoints") == 2
    assert bench.events("edit") == []


def test_bucket_fills_the_connected_area_of_its_region(shared: Page) -> None:
    bench = Bench(shared, areas())
    bench.take("bucket", 0)
    bench.click(50, 40)
    label, _ = ndimage.label(bench.before == 3)
    first = painted(bench.before, label == label[40, 50], 0)
    np.testing.assert_array_equal(bench.raster, first)
    bench.click(90, 40)
    second = painted(first, (bench.before == 2) & asked(), 0)
    np.testing.assert_array_equal(bench.raster, second)
    bench.call("bench.unlocked = true")
    bench.click(5, 5)
    np.testing.assert_array_equal(bench.raster, painted(second, bench.before == NONE, 0))


def test_scribbles_give_seeds_and_the_fill_leaves_what_is_drawn(shared: Page) -> None:
    bench = Bench(shared)
    show_superpixels(bench)
    bench.take("brush", 0, brush=4)
    bench.click(40, 40)
    dot = painted(bench.before, near((40, 40), (40, 40), 2), 0)
    bench.take("scribble", 1)
    bench.drag((40.0, 40.0), (60.0, 40.0))
    bench.call("bench.setClass(3)")
    bench.drag((40.0, 70.0), (44.0, 70.0))
    ids = blocks()
    seeds = sorted([[int(ids[40, 40]), 1], [int(ids[40, 60]), 1], [int(ids[70, 40]), 3]])
    assert bench.call("bench.scribbleSeeds()") == seeds
    np.testing.assert_array_equal(bench.raster, dot)
    bench.call("(fill) => bench.applyFill(fill)", seeds)
    filled = dot.copy()
    for superpixel, class_id in seeds:
        filled[(ids == superpixel) & asked() & (dot == NONE)] = class_id
    np.testing.assert_array_equal(bench.raster, filled)
    bench.call("bench.undo()")
    np.testing.assert_array_equal(bench.raster, dot)
    bench.call("bench.undo()")
    assert bench.call("bench.scribbleSeeds()") == seeds[:2]
    bench.call("bench.clearScribbles()")
    assert bench.call("bench.scribbleSeeds()") == []


def test_accepting_the_prediction(shared: Page) -> None:
    bench = Bench(shared, areas())
    bench.take("accept", 0)
    bench.click(40, 40)
    assert "no prediction" in bench.events("notice")[-1]["text"]
    prediction = (np.mgrid[:H, :W].sum(0) // 7 % 4).astype(np.uint8)
    bench.call("(p) => bench.setLayer('prediction', Uint8Array.from(p))",
               prediction.ravel().tolist())  # fmt: skip
    show_superpixels(bench)
    bench.drag((40.0, 40.0), (60.0, 40.0))
    ids = [blocks()[40, 40], blocks()[40, 55]]
    expected = np.where(np.isin(blocks(), ids) & asked(), prediction, bench.before)
    np.testing.assert_array_equal(bench.raster, expected)
    bench.call("bench.acceptPrediction('region')")
    expected = np.where(asked() & (expected == NONE), prediction, expected)
    np.testing.assert_array_equal(bench.raster, expected)
    bench.call("bench.unlocked = true; bench.acceptPrediction('image')")
    expected = np.where(expected == NONE, prediction, expected)
    np.testing.assert_array_equal(bench.raster, expected)
    bench.call("(s) => bench.acceptPrediction({superpixel: s})", int(blocks()[90, 120]))
    expected = np.where(blocks() == blocks()[90, 120], prediction, expected)
    np.testing.assert_array_equal(bench.raster, expected)


def test_pick_takes_the_label_else_the_prediction(shared: Page) -> None:
    bench = Bench(shared, areas())
    bench.call("(n) => bench.setLayer('prediction', new Uint8Array(n).fill(1))", H * W)
    bench.take("pick", 0)
    for place, class_id in (((50, 40), 3), ((90, 40), 2), ((50, 18), 1)):
        bench.click(*place)
        assert bench.call("bench.classId") == class_id
    assert [pick["classId"] for pick in bench.events("pick")] == [3, 2, 1]
    assert bench.events("edit") == []


def test_modify_changes_class_border_and_deletes(shared: Page) -> None:
    bench = Bench(shared, areas())
    patch = np.zeros((H, W), bool)
    patch[30:50, 40:60] = True
    bench.take("modify", 1, brush=8)
    bench.click(50, 40)
    assert bench.events("selection")[-1] == {"classId": 3, "pixels": 400}
    grown = near((50, 40), (66, 40), 4)
    bench.drag((50.0, 40.0), (58.0, 40.0), (66.0, 40.0))
    expected = painted(bench.before, grown, 3)
    np.testing.assert_array_equal(bench.raster, expected)
    shrunk = near((35, 32), (45, 32), 4) & (patch | grown)
    bench.drag((35.0, 32.0), (45.0, 32.0))
    expected = painted(expected, shrunk, 2)
    np.testing.assert_array_equal(bench.raster, expected)
    rest = (patch | grown) & ~shrunk
    bench.call("bench.setClass(0)")
    np.testing.assert_array_equal(bench.raster, painted(expected, rest, 0))
    bench.call("bench.undo()")
    np.testing.assert_array_equal(bench.raster, expected)
    assert bench.call("bench.deleteSelection()")
    np.testing.assert_array_equal(bench.raster, painted(expected, rest, NONE))
    assert bench.call("bench.selection") is None


def test_extended_labels_are_refused_by_a_click(shared: Page) -> None:
    bench = Bench(shared)
    parts = np.zeros((H, W), np.uint16)
    parts[70:90, 10:60] = 2
    bench.call(
        "(p) => bench.setLayer('extended', {classes: Uint8Array.from(p, (v) => v ? 1 : 255),"
        " parts: Uint16Array.from(p), keys: [{part: 2, rectangle: [16, 24, 64, 80]}],"
        " refused: new Set()})",
        parts.ravel().tolist(),
    )
    bench.take("extended")
    bench.click(20, 75)
    assert bench.call("bench.refusedParts()") == [2]
    assert bench.events("part") == [{"part": 2, "refused": True}]
    bench.call("bench.undo()")
    assert bench.call("bench.refusedParts()") == []
    bench.click(100, 20)
    assert bench.call("bench.refusedParts()") == []


TOOLS = ["brush", "eraser", "superpixel", "bucket", "accept"]


@pytest.mark.parametrize("tool", TOOLS)
def test_keys_paint_what_the_mouse_paints(shared: Page, tool: str) -> None:
    rasters = []
    for by_keys in (False, True):
        bench = Bench(shared, areas())
        show_superpixels(bench)
        bench.call("(n) => bench.setLayer('prediction', new Uint8Array(n).fill(1))", H * W)
        bench.take(tool, 0, brush=7)
        if by_keys:
            # From the corner, where the cursor stops half a pixel inside, to (40, 40).
            bench.call("bench.moveCursor(-9999, -9999); bench.panBy(20, 20)")
            bench.call("bench.moveCursor(79, 79); bench.pressCursor()")
            bench.call("bench.moveCursor(60, 10); bench.releaseCursor()")
        else:
            bench.drag((40.0, 40.0), (70.0, 45.0))
        rasters.append(bench.raster)
    assert (rasters[0] != areas()).any()
    np.testing.assert_array_equal(rasters[0], rasters[1])
