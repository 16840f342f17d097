"""What people did, by annotator and by query; their words are text and nothing else."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from raysal.errors import DataError
from raysal.report.annotation.answers import Known, known
from raysal.report.annotation.section import (
    NOTES_AT_MOST,
    Annotation,
    RunAnnotation,
    annotation_of,
)
from raysal.report.build import build_report
from raysal.report.draw.table import Table
from raysal.report.runs.read import read_runs
from tests.support.fabricate import make_run, write_answered

HOSTILE = '=HYPERLINK("http://x")'


def labelled(image_id: str, annotator: str = "Ann", **about: Any) -> dict[str, Any]:
    """A whole image of 100 pixels."""
    row = {"image_id": image_id, "state": "labelled", "annotator": annotator, "tool": "png"}
    return row | {"regions": 1, "pixels": 100, "share": 1.0, "version": 1, "saved_at": 0.0} | about


def unusable(image_id: str, note: str = "blurred", **about: Any) -> dict[str, Any]:
    row = {"image_id": image_id, "state": "unusable", "annotator": "Bo", "tool": "cvat"}
    return row | {"version": 1, "saved_at": 0.0, "note": note} | about


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two rounds with four queries; the last round has none."""
    folder = make_run(tmp_path / "a", [0.5, 0.6])
    write_answered(folder / "test", labelled("t", seconds=100.0, clicks=7))
    write_answered(folder / "initial", {"image_id": "i", "state": "known", "regions": 1})
    write_answered(
        folder / "rounds" / "000",
        labelled("a", seconds=30.0, clicks=9, regions=3, pixels=30, outside=5),
        labelled("b", annotator="Bo", tool="cvat", seconds=10.0, regions=2, pixels=20),
        labelled("c", annotator="Bo", tool="cvat", regions=1, pixels=10),
        unusable("d", seconds=4.0, clicks=0),
        {"image_id": "e", "state": "given back"},
    )
    return folder


def section_of(*folders: Path) -> Annotation:
    found = annotation_of(read_runs(folders))
    assert found is not None
    return found


def only(annotation: Annotation) -> RunAnnotation:
    (one,) = annotation.runs
    return one


def rows_of(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.csv())))


def test_without_people_there_is_no_section(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    assert annotation_of(read_runs([run])) is None
    report = build_report([run], tmp_path / "out", strips=0)
    assert "Annotation</h2>" not in report.page.read_text()
    assert "answers.csv" not in {path.name for path in report.written}


def test_the_work_of_each_annotator_who_labelled_most_first(run: Path) -> None:
    ann, bo = only(section_of(run)).annotators
    assert (ann.name, ann.images, ann.regions, ann.pixels, ann.outside) == ("Ann", 2, 4, 135, 5)
    assert ann.seconds == Known(130, 2, 2)
    assert ann.clicks == Known(16, 2, 2)
    assert (bo.name, bo.images, bo.pixels, bo.unusable, bo.tools) == (
        "Bo",
        2,
        30,
        1,
        (("cvat", 3),),
    )


def test_a_sum_says_how_many_answers_it_counts() -> None:
    assert known([1.0, None, 2.0]) == Known(3, 2, 3)
    assert known([1.0, None]).partial
    assert not known([None, None]).partial
    assert known([None]).total is None
    assert not known([1.0]).partial


def test_what_became_of_each_query(run: Path) -> None:
    one = only(section_of(run))
    test, initial, first = one.queries
    assert [query.title for query in one.queries] == ["Test images", "Initial images", "Round 0"]
    assert (test.asked, test.labelled, test.seconds.total) == (1, 1, 100)
    assert (initial.labelled, initial.known, initial.seconds) == (0, 1, Known(None, 0, 0))
    assert (first.asked, first.labelled, first.unusable, first.given_back) == (5, 3, 1, 1)
    assert first.regions == 6
    # Of a and b; that of c is not known, and d was not labelled.
    assert (first.per_image_s, first.per_region_s) == (20, 7.5)
    assert first.seconds == Known(44, 3, 4)
    assert first.clicks == Known(9, 2, 4)
    assert one.any_known
    assert one.any_regions


def test_the_page_shows_both(run: Path, tmp_path: Path) -> None:
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    words = " ".join(page.split())
    assert "Annotation</h2>" in words
    assert '44.0 s <span class="pm">3 of 4</span>' in words
    assert "<bdi>d</bdi> (round 0, <bdi>Bo</bdi>): <bdi>blurred</bdi>" in words
    assert "Per region" in words


def test_whole_images_have_no_columns_of_regions(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    write_answered(run / "initial", labelled("a", seconds=1.0), unusable("b"))
    assert not only(section_of(run)).any_regions
    page = build_report([run], tmp_path / "out", strips=0).page.read_text()
    assert "Per image" in page
    assert "Per region" not in page


def test_every_answer_is_in_the_csv(run: Path) -> None:
    rows = rows_of(section_of(run).answers)
    assert [(row["query"], row["image_id"], row["state"]) for row in rows] == [
        ("test", "t", "labelled"),
        ("initial", "i", "known"),
        ("round-000", "a", "labelled"),
        ("round-000", "b", "labelled"),
        ("round-000", "c", "labelled"),
        ("round-000", "d", "unusable"),
        ("round-000", "e", "given back"),
    ]
    a, c, e = rows[2], rows[4], rows[6]
    assert (a["seconds"], a["clicks"], a["pixels"], a["pixels_outside"]) == ("30", "9", "30", "5")
    assert (a["saved_at"], e["saved_at"]) == ("1970-01-01T00:00:00Z", "")
    assert (c["seconds"], c["clicks"]) == ("", "")


def test_a_time_that_is_none_is_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    write_answered(run / "initial", labelled("a", saved_at=1e300))
    assert rows_of(section_of(run).answers)[0]["saved_at"] == ""


def test_words_of_annotators_are_neither_markup_nor_formulas(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    write_answered(
        run / "initial",
        labelled("a", annotator="<script>alert(1)</script>", tool="<img src=x>"),
        labelled("b", annotator=HOSTILE, tool="+tool", note='@x, "y"\nz'),
        unusable("-c", note="=1+1 <b>", annotator="\u202eevil"),
    )
    report = build_report([run], tmp_path / "out", strips=0)
    page = report.page.read_text()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "=1+1 &lt;b&gt;" in page
    assert "<bdi>\u202eevil</bdi>" in page
    _, formula, without = rows_of(section_of(run).answers)
    assert (formula["annotator"], formula["tool"]) == (f"'{HOSTILE}", "'+tool")
    assert formula["note"] == '\'@x, "y"\nz'
    assert (without["image_id"], without["note"]) == ("'-c", "'=1+1 <b>")
    assert (tmp_path / "out" / "answers.csv").read_text() == section_of(run).answers.csv()


def test_many_unusable_images_are_counted(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", [0.5])
    write_answered(run / "initial", *(unusable(f"{i:02d}") for i in range(NOTES_AT_MOST + 3)))
    one = only(section_of(run))
    assert (len(one.unusable), one.more_unusable) == (NOTES_AT_MOST, 3)
    assert "and 3 more" in build_report([run], tmp_path / "out", strips=0).page.read_text()


def test_each_run_that_people_labelled_has_its_tables(run: Path, tmp_path: Path) -> None:
    simulated = make_run(tmp_path / "s", [0.5], seed=1)
    other = make_run(tmp_path / "o", [0.5], seed=2)
    write_answered(other / "initial", labelled("a"))
    found = section_of(run, simulated, other)
    assert [one.run for one in found.runs] == ["a", "o"]
    assert {row["run"] for row in rows_of(found.answers)} == {"a", "o"}


def test_damaged_answers_are_named(run: Path) -> None:
    (run / "test" / "labels" / "answered.json").write_text("{")
    with pytest.raises(DataError, match=r"test/labels/answered\.json"):
        section_of(run)
