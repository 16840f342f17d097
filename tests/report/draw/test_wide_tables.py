"""Tables that are wider than the page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from raysal.report.draw.html import template
from tests.support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = [f"A_rather_long_name_{i}, noise.rate=0.{i}" for i in range(10)]
HEAD = "".join(f'<th class="n">{name}</th>' for name in NAMES)
ROW = '<td class="n">61.2 <span class="pm">± 1.3</span></td>' * len(NAMES)
WIDE = f"""<div class="scroll"><table class="wide"><thead><tr><th>Class</th>{HEAD}</tr></thead>
<tr><td>pedestrian</td>{ROW}</tr></table></div>"""
STAGES = '<th class="n">Annotate</th>' * 8
TIMES = f"""<div><h3>{NAMES[0]}</h3><p>{"Many words. " * 40}</p><div class="scroll">
<table><thead><tr><th>Round</th>{STAGES}</tr></thead></table></div></div>"""
# A4 without the margins that Chromium leaves when it prints.
PRINTED = 718


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        style = template("style.html.j2").render()
        page.set_content(f'{style}<main>{WIDE}<div class="side">{TIMES * 3}</div></main>')
        yield page
        page.close()


def overflow(page: Page, what: str) -> list[float]:
    """By how many pixels each element holds more than it shows."""
    return page.eval_on_selector_all(what, "all => all.map(e => e.scrollWidth - e.clientWidth)")


def test_a_wide_table_scrolls_beside_its_first_column(page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 900})
    assert overflow(page, "html") == [0]
    assert overflow(page, ".scroll:has(.wide)")[0] > 100
    first = page.locator(".wide td").first
    before = first.bounding_box()
    page.locator(".scroll").first.evaluate("box => box.scrollLeft = 100")
    assert first.bounding_box() == before


def test_tables_side_by_side_have_room(page: Page) -> None:
    assert overflow(page, ".side .scroll") == [0] * 3


def test_print_shows_all_columns(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PRINTED, "height": 900})
    assert overflow(page, "html") == [0]
    table = page.locator(".wide").bounding_box()
    assert table is not None
    assert table["width"] <= PRINTED
