"""What the canvas shows, and how pointers, fingers and wheels move it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.support.canvas_page import NONE, PAGE, Bench, H, W, at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def shown(bench: Bench) -> np.ndarray:
    """The screen, (600, 800, 3)."""
    bench.call("bench.frame()")
    png = bench.page.locator("#host").screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


STYLES = {
    "fill": "",
    "outline": "bench.setStyle('outline')",
    "hatched": "bench.setAids({hatch: true})",
    "borders": "bench.show('superpixels', true)",
    "zoomed in": "bench.zoom(5.3, {x: 150, y: 100})",
    "zoomed out": "bench.zoom(0.31, {x: 150, y: 100})",
}

# Draws some strokes frame by frame, takes one back, and compares with the screen drawn anew.
PARTLY = """async () => {
  const { base } = bench._screen;
  const pixels = () => {
    const { data } = base.getContext('2d').getImageData(0, 0, base.width, base.height);
    return new Uint32Array(data.buffer);
  };
  await bench.frame();
  const before = pixels();
  // One stroke in each direction; none goes over what another one should have drawn.
  const strokes = [[0, -40], [40, 0], [0, 40], [-40, 0], [30, -30], [-30, -30], [30, 30]];
  for (const [i, [dx, dy]] of strokes.entries()) {
    bench.setClass(i % 4);
    bench.setBrush(3 + 2 * i);
    const [x, y] = [60 + 70 * (i % 3), 70 + 50 * Math.floor(i / 3)];
    bench._press(bench._toImage(x, y), false);
    await bench.frame();
    bench._drag(bench._toImage(x + dx, y + dy));
    await bench.frame();
    bench._release(bench._toImage(x + dx, y + dy));
    await bench.frame();
  }
  const differ = (a, b) => a.reduce((n, value, i) => n + (value !== b[i]), 0);
  const wrong = [];
  for (const back of [false, true]) {
    if (back) bench.undo();
    await bench.frame();
    const partly = pixels();
    bench._desk.session.restyle(bench._screen);
    await bench.frame();
    wrong.push(differ(partly, pixels()));
  }
  return [differ(before, pixels()), wrong];
}"""


@pytest.mark.parametrize("style", STYLES)
def test_drawing_what_changed_gives_what_drawing_all_gives(shared: Page, style: str) -> None:
    before = (np.mgrid[:H, :W].sum(0) // 9 % 5).astype(np.uint8)
    before[before == 4] = NONE
    bench = Bench(shared, before, whole=style != "fill")
    labels = np.mgrid[:H, :W].sum(0) // 20
    bench.call("(l) => superpixels(l, 12)", labels.ravel().tolist())
    bench.take("brush")
    bench.call(f"() => {{ {STYLES[style]} }}")
    drawn, wrong = bench.call(PARTLY)
    assert drawn > 100
    assert wrong == [0, 0]


def test_zoomed_in_every_pixel_is_a_crisp_square_of_its_class(shared: Page) -> None:
    data = np.random.default_rng(0).integers(0, 4, (H, W)).astype(np.uint8)
    bench = Bench(shared, data, whole=True)
    bench.call("bench.setOpacity(1); bench.show('picture', false)")
    bench.call("() => { bench.zoom(8 / bench.scale); const p = bench.placeOf(0, 0);"
               " bench.panBy(-40 - p.x, -80 - p.y); }")  # fmt: skip
    colours = np.array([[128, 64, 128], [244, 35, 232], [70, 70, 70], [107, 142, 35]], np.uint8)
    expected = colours[data[10 : 10 + 75, 5 : 5 + 100]].repeat(8, 0).repeat(8, 1)
    np.testing.assert_array_equal(shown(bench), expected)


def test_outside_of_what_is_asked_is_dimmed_until_unlocked(shared: Page) -> None:
    bench = Bench(shared, np.full((H, W), 1, np.uint8))
    inside, outside = at((60.0, 40.0)), at((10.0, 8.0))
    locked = shown(bench)
    bench.call("bench.unlocked = true")
    unlocked = shown(bench)
    values = [int(screen[int(y), int(x)].sum())
              for screen in (locked, unlocked) for x, y in (inside, outside)]  # fmt: skip
    assert values[1] < values[3] < values[0] == values[2]


def test_the_view_flies_to_a_region_and_keeps_it_when_resized(shared: Page) -> None:
    bench = Bench(shared)
    bench.call("bench.goToRegion(0)")
    bench.call("new Promise((resolve) => setTimeout(resolve, 500))")
    shared.evaluate("document.getElementById('host').style.width = '500px'")
    bench.call("bench.frame().then(() => bench.frame())")
    corner, other = (bench.call("(p) => bench.placeOf(...p)", p) for p in ([24, 16], [104, 80]))
    shared.evaluate("document.getElementById('host').style.width = ''")
    assert (corner["x"] + other["x"]) / 2 == pytest.approx(250)
    assert (corner["y"] + other["y"]) / 2 == pytest.approx(300)
    assert 350 < other["x"] - corner["x"] < 500


def test_less_motion_means_no_flight(browser: Browser, address: str) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{address}/{PAGE}")
    page.wait_for_function("window.ready")
    bench = Bench(page)
    before = bench.call("bench.scale")
    assert bench.call("(bench.goToRegion(0), bench.scale)") > before
    page.close()


def test_wheel_buttons_and_space(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("brush", 1, brush=10)
    shared.mouse.move(200, 200)
    under = bench.call("bench._toImage(200, 200)")
    shared.mouse.wheel(0, -100)
    bench.call("bench.frame()")
    assert bench.call("bench.scale") > 2.1
    assert bench.call("bench._toImage(200, 200)") == pytest.approx(under)
    shared.keyboard.down("Alt")
    shared.mouse.wheel(0, -100)
    shared.keyboard.up("Alt")
    bench.call("bench.frame()")
    assert bench.call("bench.brush") == 12

    def moves(how: Any) -> None:
        place = bench.call("bench.placeOf(0, 0)")
        how()
        moved = bench.call("bench.placeOf(0, 0)")
        assert (moved["x"] - place["x"], moved["y"] - place["y"]) == pytest.approx((30, 10))

    def dragged(button: Any) -> None:
        shared.mouse.move(200, 200)
        shared.mouse.down(button=button)
        shared.mouse.move(230, 210)
        shared.mouse.up(button=button)

    moves(lambda: dragged("middle"))
    bench.call("bench.hold('pan')")
    moves(lambda: dragged("left"))
    bench.call("bench.release()")
    np.testing.assert_array_equal(bench.raster, bench.before)
    dragged("left")
    assert (bench.raster != bench.before).any()


def test_one_finger_draws_and_two_move_the_view(browser: Browser, address: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 820, "height": 620})
    page = context.new_page()
    page.goto(f"{address}/{PAGE}")
    page.wait_for_function("window.ready")
    bench = Bench(page)
    bench.take("brush", 1, brush=8)
    client = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", at((40, 40)))
    touch("touchMove", at((60, 40)))
    touch("touchEnd")
    drawn = bench.raster
    assert drawn[40, 50] == 1
    touch("touchStart", at((40, 60)))
    touch("touchStart", at((40, 60)), at((60, 60)))
    touch("touchMove", at((30, 60)), at((70, 60)))
    touch("touchEnd")
    assert bench.call("bench.scale") == pytest.approx(4)
    np.testing.assert_array_equal(bench.raster, drawn)
    assert len(bench.events("edit")) == 1
    context.close()


def test_images_that_cannot_be_shown_are_said(shared: Page) -> None:
    bench = Bench(shared)
    messages = bench.call(
        "async () => { const told = []; const canvas = new OffscreenCanvas(4, 3);"
        " canvas.getContext('2d'); const small = await canvas.convertToBlob();"
        " for (const picture of [new Blob(['no picture']), small])"
        " await bench.open({size: [96, 128], picture, raster: null, rectangles: [], whole: true})"
        " .catch((error) => told.push(error.message)); told.push(bench.isOpen); return told; }"
    )
    assert messages == [
        "This picture cannot be decoded by the browser.",
        "The picture measures 4 x 3 instead of 128 x 96 pixels.",
        False,
    ]


def test_the_later_of_two_images_wins(shared: Page) -> None:
    bench = Bench(shared)
    result = bench.call(
        "async () => { const open = async (h, w) => { const canvas = new OffscreenCanvas(w, h);"
        " canvas.getContext('2d'); const picture = await canvas.convertToBlob();"
        " return () => bench.open({size: [h, w], picture, raster: null, rectangles: [],"
        " whole: true}); }; const [a, b] = [await open(900, 700), await open(20, 30)];"
        " const both = await Promise.all([a(), b()]); return [both, bench.size]; }"
    )
    assert result == [[False, True], [20, 30]]


def test_nothing_can_be_painted_in_a_view(shared: Page) -> None:
    bench = Bench(shared)
    bench.take("brush", 1, brush=20)
    bench.click(50, 40)
    bench.call("bench._readOnly = true")
    drawn = bench.raster
    bench.drag((40.0, 40.0), (80.0, 60.0))
    assert not bench.call("bench.undo()")
    np.testing.assert_array_equal(bench.raster, drawn)


def test_a_closed_bench_answers(shared: Page) -> None:
    bench = Bench(shared)
    bench.call("bench.close()")
    calls = [
        "undo()", "redo()", "fit()", "zoom(2)", "panBy(1, 1)", "goToRegion(0)", "moveCursor(5, 5)",
        "pressCursor()", "releaseCursor()", "setLayer('prediction', new Uint8Array(4))",
        "acceptPrediction('image')", "applyFill([[0, 1]])", "clearScribbles()", "finishLine()",
        "closeLine()", "backLine()", "cancelLine()", "deleteSelection()", "setRefused(1, true)",
        "setTool('line')", "setClass(1)", "setOpacity(1)", "commit()", "cancel()", "frame()",
    ]  # fmt: skip
    for call in calls:
        bench.call(f"bench.{call}")
    shared.mouse.move(100, 100)
    shared.mouse.down()
    shared.mouse.up()
    state = "[bench.isOpen, bench.size, bench.raster.length, bench.scribbleSeeds().length]"
    assert bench.call(state) == [False, None, 0, 0]
