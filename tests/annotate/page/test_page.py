"""The page around the canvas, in a real browser: nothing drawn is lost, and all can use it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests.support.asked_images import NAMES
from tests.support.page_server import WAIT_MS, PageServer, Tab

NOT_LABELLED = 255


def drawn(tool: PageServer, index: int = 0) -> set[int]:
    """The classes in what the server has of an image."""
    answer = tool.served.stored(index)
    if answer is None or answer.raster is None:
        return set()
    return {int(i) for i in np.unique(answer.raster)} - {NOT_LABELLED}


def test_reload_keeps_the_strokes_also_the_last_one(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    tab.brush("2", 0.35)
    tab.wait_for_saved()
    assert drawn(tool) == {1}
    tab.brush("3", 0.65)
    tab.page.reload()  # Before the stroke could be sent.
    tab.wait_for_image()
    tab.wait_for_saved()
    assert drawn(tool) == {1, 2}
    before = tool.served.stored()
    share = tab.labelled()
    tab.page.reload()
    tab.wait_for_image()
    assert tab.labelled() == share != "0 % labelled"
    tab.brush("4", 0.5)
    tab.wait_for_saved()
    after = tool.served.stored()
    assert before is not None
    assert after is not None
    assert before.raster is not None
    assert after.raster is not None
    assert drawn(tool) == {1, 2, 3}
    kept = after.raster != 3
    assert (before.raster == after.raster)[kept].all()
    assert after.clicks == 3
    assert {(work.tool, work.class_id) for work in after.work if work.clicks} == {
        ("brush", 1),
        ("brush", 2),
        ("brush", 3),
    }
    assert not tab.said


@pytest.mark.slow
def test_server_killed_and_back(tool: PageServer, tab: Tab) -> None:
    link = tool.link()
    tab.open(link)
    tab.brush("2", 0.35)
    tab.wait_for_saved()
    tool.stop()
    tab.brush("3", 0.65)
    tab.page.wait_for_selector("#saved[data-kind=unsent]", timeout=WAIT_MS)
    assert tab.page.inner_text("#saved") == "1 not saved yet: server not reached"
    tool.start()
    tab.wait_for_saved()
    assert drawn(tool) == {1, 2}
    tool.stop()
    tab.brush("4", 0.5)
    tab.page.wait_for_selector("#saved[data-kind=unsent]", timeout=WAIT_MS)
    context = tab.page.context
    tab.page.close()  # With a stroke that the server does not have.
    tool.start()
    assert drawn(tool) == {1, 2}
    again = Tab(context.new_page(), [])
    again.open(f"{tool.url}/")
    again.wait_for_saved()
    assert drawn(tool) == {1, 2, 3}


@pytest.mark.parametrize("keep", ["mine", pytest.param("theirs", marks=pytest.mark.slow)])
def test_two_tabs(tool: PageServer, tab: Tab, keep: str) -> None:
    tab.open(tool.link())
    in_thread(lambda: save_elsewhere(tool))
    tab.brush("2", 0.35)
    tab.page.wait_for_selector("dialog", timeout=WAIT_MS)
    assert "Ann has saved a later version" in tab.page.inner_text("dialog")
    if keep == "mine":
        tab.page.get_by_role("button", name="Keep mine").click()
        tab.wait_for_saved()
        assert drawn(tool) == {1}
        versions = tool.served.store().versions(tool.served.images[0].image_id)
        assert [answer.note for answer in versions] == ["of the other tab", ""]
    else:
        tab.page.get_by_role("button", name="Take theirs").click()
        tab.page.wait_for_selector("#canvas[data-key]", timeout=WAIT_MS)
        assert tab.labelled() == "100 % labelled"
        assert tab.page.inner_text("#saved") == "Saved, 1 set aside"
        assert drawn(tool) == {3}
        tab.page.reload()
        tab.wait_for_image()
        tab.page.click("#saved")
        with tab.page.expect_download() as download:
            tab.page.get_by_role("button", name="PNG").click()
        assert mask_of(download.value.path()) == {1, NOT_LABELLED}


def save_elsewhere(tool: PageServer) -> None:
    """Class 3 everywhere, by another tab of the same person."""
    other = tool.served.person("Ann")
    other.open()
    assert other.save(np.full((24, 36), 3, np.uint8), note="of the other tab").status_code == 200


def in_thread(act: Callable[[], None]) -> None:
    """Do something that has an event loop of its own, as Playwright has one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()


def mask_of(path: Any) -> set[int]:
    from PIL import Image

    with Image.open(path) as image:
        assert (image.mode, image.size) == ("L", (36, 24))
        return {int(i) for i in np.unique(np.array(image))}


def test_by_keyboard_alone(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    first = tab.page.get_attribute("#canvas", "data-key")
    press = tab.page.keyboard.press
    press("Enter")
    tab.page.locator(".toast", has_text="Nothing is labelled yet").wait_for()
    press("b")
    press("2")
    press("ArrowRight")
    press(".")
    press("Enter")
    tab.page.get_by_role("alertdialog").wait_for()
    press("Escape")  # The question is gone: the next Enter asks again.
    press("Enter")
    tab.page.get_by_role("alertdialog").wait_for()
    assert tab.page.get_attribute("#canvas", "data-key") == first
    press("Enter")
    tab.page.wait_for_selector(f"#canvas[data-key]:not([data-key='{first}'])", timeout=WAIT_MS)
    tab.wait_for_saved()
    answer = tool.served.stored()
    assert answer is not None
    assert answer.state == "done"
    assert drawn(tool) == {1}
    press("Shift+Enter")
    tab.page.wait_for_selector(f"#canvas[data-key='{first}']", timeout=WAIT_MS)


@pytest.mark.slow
def test_tab_goes_from_region_to_region_and_then_out(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    key = tool.served.key(2)
    tab.page.click(f".tile[data-key='{key}']")
    tab.page.wait_for_selector(f"#canvas[data-key='{key}']", timeout=WAIT_MS)
    assert tab.page.inner_text(".region-text") == "Region 1 of 2"
    tab.page.keyboard.press("Tab")
    tab.page.get_by_text("Region 2 of 2").wait_for()
    assert tab.page.evaluate("document.activeElement.id") == "canvas"
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.id") != "canvas"


@pytest.mark.slow
def test_cannot_be_labelled(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    tab.page.keyboard.press("Shift+X")
    tab.page.get_by_role("button", name="Set aside").is_disabled()
    tab.page.get_by_role("button", name="Too dark or blurred").click()
    tab.page.keyboard.press("Control+Enter")
    key = tool.served.key()
    tab.page.wait_for_selector(f".tile[data-key='{key}'][data-state=unusable]", timeout=WAIT_MS)
    answer = tool.served.stored()
    assert answer is not None
    assert (answer.state, answer.note, answer.raster) == ("unusable", "Too dark or blurred", None)


def test_names_are_text_and_axe_finds_nothing_serious(tool: PageServer, tab: Tab) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab.open(tool.link("<img src=x onerror=alert(1)>"))
    names = tab.page.locator("#palette .class-name").all_inner_texts()
    assert names == list(NAMES)
    assert tab.page.inner_text("#person-name") == "<img src=x onerror=alert(1)>"
    serious(axe.run(tab.page).response)
    tab.page.keyboard.press("?")
    serious(axe.run(tab.page).response)
    assert not tab.said  # Above all not of the Content-Security-Policy.


def serious(response: dict[str, Any]) -> None:
    found = [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert not found
    assert len(response["passes"]) > 20  # It has looked at something.


def test_without_a_token_the_page_says_what_to_do(tool: PageServer, tab: Tab) -> None:
    tab.page.goto(tool.url)
    tab.page.get_by_text("You are not signed in").wait_for()
    assert "raysal annotate" in tab.page.inner_text(".over")


def test_a_revoked_link_is_not_a_lost_server(tool: PageServer, tab: Tab) -> None:
    tab.open(tool.link())
    tool.served.desk.people.revoke("Ann")
    tab.page.wait_for_selector("#run-text:text-is('Link not valid')", timeout=WAIT_MS)
    tab.open(tool.link())
    tab.page.wait_for_selector("#run-text:text-is('waits for your labels')", timeout=WAIT_MS)


def test_what_somebody_else_has_is_passed_over(tool: PageServer, tab: Tab) -> None:
    in_thread(lambda: tool.served.person("Bob").lease())
    tab.open(tool.link("Ann"))
    assert tab.page.get_attribute("#canvas", "data-key") == tool.served.key(1)
    assert tab.page.is_disabled(f".tile[data-key='{tool.served.key()}']")
    tab.page.click("#person")
    assert tab.page.locator(".people tbody tr").all_inner_texts() == [
        f"Ann (you)\t{tool.served.images[1].image_id}\t0\t0\t0",
        f"Bob\t{tool.served.images[0].image_id}\t0\t0\t0",
    ]
