"""What the page says while the server, or the run, does something."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from raysal.annotate.tool.prepare.preparation import Layer, Preparation
from raysal.annotate.tool.workplace import Past
from tests.support.asked_images import SIZE, asked_for, asked_image
from tests.support.page_server import WAIT_MS, PageServer, Tab
from tests.support.prepared import Prepared

NEXT = "#finish button.primary"


def test_a_query_that_is_over_can_only_be_looked_at(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    tab.brush("2", 0.35)
    tab.wait_for_saved()
    tool.place.closed.add("initial")  # The run takes the answers.
    tab.brush("3", 0.65)
    tab.page.get_by_text("This query is over").wait_for(timeout=WAIT_MS)
    tab.page.keyboard.press("Escape")
    tab.page.get_by_text("What you have drawn is kept in this browser").wait_for()
    share, saved = tab.labelled(), tab.page.inner_text("#saved")
    assert saved.startswith("1 not saved: 'a/b/1' is not asked for any more")
    tab.brush("4", 0.5)
    tab.page.keyboard.press("Control+z")
    assert tab.labelled() == share != "0 % labelled"
    assert tab.page.inner_text(NEXT).startswith("Next")
    tab.page.get_by_role("button", name="Decide on the drawing").click()
    tab.page.get_by_role("button", name="Set aside and go on").click()
    tab.page.wait_for_selector("#saved[data-kind=saved]", timeout=WAIT_MS)
    assert tab.page.inner_text("#saved") == "Saved, 1 set aside"


def test_an_image_of_which_nothing_is_left_to_save_is_not_asked_any_more(
    tool: PageServer, tab: Tab
) -> None:
    tab.open(tool.link())
    tool.place.asked = asked_for(tool.place.folder, [asked_image("new")])
    tool.place.generation = "2"
    tab.page.get_by_text("It may only be looked at").wait_for(timeout=WAIT_MS)
    tab.brush("2", 0.5)
    assert tab.labelled() == "0 % labelled"
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector(f"#canvas[data-key='{tool.served.key()}']", timeout=WAIT_MS)


def test_a_finished_run_says_what_was_done(tool: PageServer, tab: Tab) -> None:
    tool.place.asked = asked_for(tool.place.folder, [])
    tool.place.state, tool.place.text = "finished", "the run is finished: mIoU 61.20 %"
    tool.place.past = Past(images=1200, queries=4, seconds=3 * 3600)
    tab.page.goto(tool.link())
    tab.page.get_by_text("mIoU 61.20 %.").wait_for(timeout=WAIT_MS)
    tab.page.get_by_text("1,200 images labelled in 4 queries, 3.0 h.").wait_for()
    assert tab.page.inner_text(".progress-title") == "1,200 images labelled"
    assert tab.page.inner_text(".pace") == "in 4 queries, 3.0 h"
    assert not tab.page.is_visible(".progress")


def test_hints_go_once_a_tool_was_used_or_some_time_has_passed(tool: PageServer, tab: Tab) -> None:
    page = tab.page
    page.clock.install()
    tab.open(tool.link())
    hint = page.locator("#hint")
    hint.get_by_text("Click an area, or drag over several").wait_for()
    page.clock.fast_forward(16_000)
    hint.wait_for(state="hidden")
    page.keyboard.press("s")
    assert hint.is_hidden()
    tab.brush("2", 0.5)
    hint.get_by_text("Paint with the chosen class").wait_for()
    page.clock.fast_forward(5000)
    hint.wait_for(state="hidden")
    page.reload()
    tab.wait_for_image()
    hint.get_by_text("Click an area").wait_for()  # It was not used.
    page.keyboard.press("b")
    hint.wait_for(state="hidden")
    page.keyboard.press("?")
    page.get_by_role("button", name="Show the hints of the tools again").click()
    hint.get_by_text("Paint with the chosen class").wait_for()


@pytest.fixture
def prepared(tool: PageServer, tmp_path: Path) -> Prepared:
    folder = tmp_path / "prepared"
    folder.mkdir()
    found = Prepared(folder)
    tool.place.extends = True
    tool.preparation = tool.served.desk.preparation = cast(Preparation, found)
    return found


def test_predictions_of_a_new_model_are_there_for_the_image_that_was_fetched_ahead(
    tool: PageServer, tab: Tab, prepared: Prepared
) -> None:
    page, following = tab.page, tool.served.key(1)
    shown = ".layer[data-layer=prediction]:not([disabled])"
    with page.expect_response(lambda reply: reply.url.endswith(f"/{following}/picture")):
        tab.open(tool.link())
    prepared.put("prediction", np.full(SIZE, 2, np.uint8))
    about = {"model": "round 1", "confidence": 0.5, "shares": [0, 0, 1, 0]}
    prepared.layers = {"prediction": Layer("ready", about=about)}
    tool.place.generation = "2"
    page.wait_for_selector(shown, timeout=WAIT_MS)
    page.click(f".tile[data-key='{following}']")
    page.wait_for_selector(f"#canvas[data-key='{following}']", timeout=WAIT_MS)
    page.wait_for_selector(shown, timeout=WAIT_MS)


def begin(tab: Tab, key: str) -> None:
    """Draw something in an image of regions."""
    tab.page.click(f".tile[data-key='{key}']")
    tab.page.wait_for_selector(f"#canvas[data-key='{key}']", timeout=WAIT_MS)
    tab.page.wait_for_timeout(500)  # The view flies to the first region.
    tab.brush("2", 0.5)
    assert tab.labelled() != "0 % labelled"


def test_extended_labels_are_waited_for_as_long_as_the_server_works(
    tool: PageServer, tab: Tab, prepared: Prepared
) -> None:
    page, key = tab.page, tool.served.key(2)
    page.clock.install()
    tab.open(tool.link())
    begin(tab, key)
    prepared.layers, prepared.calibrating = {"extended": Layer()}, True
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # Not all is labelled.
    page.get_by_text("The server first chooses the thresholds").wait_for(timeout=WAIT_MS)
    assert page.is_disabled(NEXT)
    assert page.get_attribute(NEXT, "data-tip") == "Extended labels are still being looked for"
    for _ in range(4):
        page.clock.fast_forward(10_000)
        page.wait_for_timeout(300)
    assert page.is_visible("text=The server first chooses the thresholds")
    prepared.calibrating = False
    page.get_by_text("The server works on it").wait_for(timeout=WAIT_MS)
    classes, groups = np.full(SIZE, 255, np.uint8), np.zeros(SIZE, np.uint16)
    classes[:2], groups[:2] = 2, 1
    prepared.put("extended", classes)
    prepared.put("groups", groups)
    group = {"part": 1, "classId": 2, "pixels": 72, "keys": [[2, 3, 4, 4]]}
    prepared.layers = {"extended": Layer("ready", about={"groups": [group]})}
    page.get_by_text("1 area of 1 would take over your labels").wait_for(timeout=WAIT_MS)
    assert page.is_enabled(NEXT)
    assert page.inner_text(NEXT).startswith("Accept and go on")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#canvas[data-key]:not([data-key='{key}'])", timeout=WAIT_MS)


def test_without_waiting_for_extended_labels(
    tool: PageServer, tab: Tab, prepared: Prepared
) -> None:
    page, key = tab.page, tool.served.key(2)
    tab.open(tool.link())
    begin(tab, key)
    prepared.layers = {"extended": Layer()}
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Go on without").click()
    page.wait_for_selector(f".tile[data-key='{key}'][data-state=done]", timeout=WAIT_MS)


def test_labels_that_cannot_be_extended(tool: PageServer, tab: Tab, prepared: Prepared) -> None:
    """It is said once in a bar, which waits, and then in passing."""
    images = [asked_image(name, rectangles=((2, 3, 8, 9),)) for name in "ab"]
    tool.place.asked = asked_for(tool.place.folder, images)
    page, keys = tab.page, [tool.served.key(index) for index in (0, 1)]
    tab.open(tool.link())
    prepared.layers = {"extended": Layer("failed", "rounds/000/model/model.pt is damaged")}
    for number, key in enumerate(keys):
        begin(tab, key)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.get_by_text("model.pt is damaged").first.wait_for(timeout=WAIT_MS)
        if number == 0:
            assert page.is_visible("text=These labels could not be extended")
            assert page.get_attribute("#canvas", "data-key") == key
            assert page.is_enabled(NEXT)
            page.get_by_role("button", name="Go on without").click()
        page.wait_for_selector(f".tile[data-key='{key}'][data-state=done]", timeout=WAIT_MS)
    page.locator(".toast", has_text="These labels could not be extended").wait_for()


def test_extended_labels_after_the_server_was_started_again(
    tool: PageServer, tab: Tab, prepared: Prepared
) -> None:
    page, key = tab.page, tool.served.key(2)
    tab.open(tool.link())
    begin(tab, key)
    prepared.layers = {"extended": Layer()}
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_text("The server works on it").wait_for(timeout=WAIT_MS)
    tab.wait_for_saved()
    tool.stop()
    page.get_by_text("It is tried again").wait_for(timeout=WAIT_MS)
    prepared.layers, prepared.drawn = {}, []
    prepared.begins = True
    tool.start()
    page.get_by_text("The server works on it").wait_for(timeout=WAIT_MS)
    assert len(prepared.drawn) == 1
