"""What people's work consisted of, by tool, class, region and query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysal.data.answers import OUTSIDE, Work
from raysal.report.annotation.section import Annotation, annotation_of
from raysal.report.annotation.work import ERASED, RunWork
from raysal.report.build import build_report
from raysal.report.runs.read import read_runs
from tests.report.annotation.test_annotation import labelled, rows_of, unusable
from tests.support.fabricate import edit_json, make_run, write_answered

ROAD, CAR = 0, 1


def work(region: int, class_id: int, tool: str, seconds: float, clicks: int = 1) -> Work:
    return Work(
        region=region, class_id=class_id, tool=tool, seconds=seconds, clicks=clicks, undos=1
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Round 0 asked for regions, of a budget in pixels."""
    folder = make_run(tmp_path / "a", [0.5, 0.6])
    whole = (work(0, ROAD, "superpixel", 8.0, 5), work(0, CAR, "brush", 2.0))
    write_answered(folder / "initial", labelled("i", seconds=10.0, work=whole))
    write_answered(
        folder / "rounds" / "000",
        labelled(
            "a",
            regions=2,
            pixels=900,
            outside=100,
            work=(
                work(0, ROAD, "brush", 4.0),
                work(0, 255, "eraser", 2.0),
                work(1, ROAD, "superpixel", 1.0),
                work(OUTSIDE, CAR, "brush", 3.0),
            ),
        ),
        labelled("b", regions=1, pixels=500),
        unusable("c", work=(work(0, CAR, "brush", 5.0),)),
        {"image_id": "d", "state": "given back", "work": (work(0, CAR, "brush", 99.0),)},
    )
    edit_json(
        folder / "rounds" / "000" / "record" / "record.json",
        settings={"al.budget_unit": "pixels"},
    )
    return folder


def section_of(*folders: Path) -> Annotation:
    found = annotation_of(read_runs(folders))
    assert found is not None
    return found


def work_of(folder: Path) -> RunWork:
    (one,) = section_of(folder).runs
    assert one.work is not None
    return one.work


def test_time_clicks_and_undos_by_tool_and_class(run: Path) -> None:
    found = work_of(run)
    assert (found.answers, found.of) == (3, 4)
    tools = {tool.name: (tool.seconds, tool.clicks, tool.undos) for tool in found.tools}
    assert tools == {"brush": (14, 4, 4), "superpixel": (9, 6, 2), "eraser": (2, 1, 1)}
    assert [tool.name for tool in found.tools] == ["brush", "superpixel", "eraser"]
    assert [(c.name, c.seconds, c.share) for c in found.classes] == [
        ("road", 13, 52),
        ("car", 10, 40),
        (ERASED, 2, 8),
    ]
    assert found.by_class == ((4, 9, 0), (10, 0, 0), (0, 0, 2))


def test_seconds_per_region_beside_the_unit_of_the_budget(run: Path) -> None:
    first, asked = work_of(run).queries
    assert (first.title, first.regions, first.outside_s) == ("Initial images", (10,), 0)
    assert (first.unit, first.per_unit_s) == ("image", 10)
    assert (asked.images, sorted(asked.regions), asked.outside_s) == (2, [1, 5, 6], 3)
    assert asked.quantile_s(0.5) == 5
    # What could not be labelled bought nothing.
    assert (asked.unit, asked.per_unit_s) == ("1,000 pixels", 10)


def test_every_piece_is_in_the_csv(run: Path) -> None:
    rows = rows_of(section_of(run).tables["work.csv"])
    assert len(rows) == 7
    assert (rows[0]["query"], rows[0]["region"], rows[0]["tool"]) == ("initial", "0", "superpixel")
    outside = next(row for row in rows if row["region"] == "")
    assert (outside["class"], outside["seconds"], outside["annotator"]) == ("car", "3", "Ann")


def test_the_page_shows_it(run: Path, tmp_path: Path) -> None:
    report = build_report([run], tmp_path / "out", strips=0)
    words = " ".join(report.page.read_text().split())
    assert {"work.csv", "work.png"} <= {path.name for path in report.written}
    assert "Work by region, class and tool</h3>" in words
    assert "Of the 3 of 4 answers whose tool tells" in words
    assert '10.0 s <span class="pm">per 1,000 pixels</span>' in words
    assert "Agreement</h3>" not in words


def test_answers_that_do_not_tell_show_nothing_of_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    write_answered(run / "initial", labelled("a", seconds=1.0, clicks=3))
    report = build_report([run], tmp_path / "out", strips=0)
    assert not {"work.csv", "work.png", "agreement.csv"} & {path.name for path in report.written}
    page = report.page.read_text()
    assert "Work by region" not in page
    assert "Agreement</h3>" not in page


def test_many_tools_classes_and_words_of_strangers(tmp_path: Path) -> None:
    names = [f"class {number} with a long name" for number in range(24)]
    run = make_run(tmp_path / "a", [0.5], classes=names, class_pixels=[[10] * 24])
    pieces: list[Any] = [work(0, c, f"<b>$tool_{c % 12}", 1.0 + c) for c in range(24)]
    pieces.append(work(0, 200, "=1+1", 1.0))
    other = make_run(tmp_path / "b", [0.5], seed=1, classes=names, class_pixels=[[10] * 24])
    for folder in (run, other):
        write_answered(folder / "initial", labelled("a", work=tuple(pieces)))
    report = build_report([run, other], tmp_path / "out", strips=0)
    assert {"work-a.png", "work-b.png"} <= {path.name for path in report.written}
    page = report.page.read_text()
    assert "&lt;b&gt;$tool_1" in page
    assert "<b>$tool" not in page
    assert "class 200" in page
    assert "'=1+1" in (tmp_path / "out" / "work.csv").read_text()
