"""The whole report: which files, and a page that stands alone."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from raysal.errors import RunError
from raysal.report.build import build_report
from raysal.report.out_folder import ReportFiles
from tests.support.fabricate import make_run

RANDOM = {"strategy": "Random", "acquisition": {"name": "random"}}


class Links(HTMLParser):
    """Collects what the page would load, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.words = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.words += data


def read_page(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text())
    return links


@pytest.fixture
def two_strategies(tmp_path):
    return [
        *(make_run(tmp_path / f"d{s}", [0.5, 0.60 + s / 100, 0.7], seed=s) for s in range(2)),
        make_run(tmp_path / "r0", [0.5, 0.55], **RANDOM),
    ]


def test_all_files_are_written_and_named(two_strategies, tmp_path):
    report = build_report(two_strategies, tmp_path / "out" / "report")
    names = {path.name for path in report.written}
    assert names == {
        "curve.png",
        "curve.csv",
        "rounds.csv",
        "iou.csv",
        "iou_last.csv",
        "class_entropy.csv",
        "class_balance.png",
        "compare.csv",
        "compare.json",
        "compare.png",
        "strategies.csv",
        "report.html",
    }
    assert all(path.is_file() for path in report.written)
    assert report.page in report.written
    for name in ("curve.png", "class_balance.png"):
        with Image.open(tmp_path / "out" / "report" / name) as image:
            assert image.width > 800


def test_the_page_loads_nothing(two_strategies, tmp_path):
    page = read_page(build_report(two_strategies, tmp_path / "out").page)
    assert page.targets
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "@import" not in page.words
    assert not re.search(r"url\(", page.words)


def test_the_headline_and_the_rows_agree(two_strategies, tmp_path):
    report = build_report(two_strategies, tmp_path / "out")
    words = " ".join(read_page(report.page).words.split())
    assert [row.strategy for row in report.rows] == ["DS (entropy)", "Random"]
    assert "50.0 → 70.0 % ± 0.0" in words
    assert "60.5 ± 0.7" in words  # At the round that both have.
    assert "50.0 → 55.0 %" in words


def test_a_reader_is_told_what_limits_the_comparison(two_strategies, tmp_path):
    report = build_report(two_strategies, tmp_path / "out")
    notes = " ".join(report.notes)
    assert "r0 (2 of 3)" in notes
    assert "fewer than 5 runs" in notes
    no_query = "No strips of DS (entropy), Random: no round has a query that was answered."
    assert no_query in report.notes
    text = html.unescape(report.page.read_text())
    assert all(note in text for note in report.notes)


def test_one_run_has_no_spread_and_shows_its_change(tmp_path):
    run = make_run(tmp_path / "a", [0.5, 0.625], iou=[[0.5, 0.4, None], [0.6, 0.3, 0.2]])
    report = build_report([run], tmp_path / "out", strips=0)
    words = " ".join(read_page(report.page).words.split())
    assert "±" not in words
    assert "50.0 → 62.5 %" in words
    assert "+10.0" in words
    assert "-10.0" in words
    assert report.notes == ()


def test_nothing_unset_reaches_the_page(tmp_path):
    run = make_run(tmp_path / "a", [None, None], iou=[[None] * 3] * 2, class_pixels=[[0, 0, 0]] * 2)
    words = read_page(build_report([run], tmp_path / "out").page).words
    visible = words[words.index("@media print") :].split("\n", 1)[1]
    assert "–" in visible
    assert "undefined" in visible
    assert not re.search(r"\b(None|nan)\b", visible)


def test_names_are_text_and_neither_markup_nor_formulas(tmp_path):
    classes = ("<script>alert(1)</script>", "$\\frac{$", "_background_")
    run = make_run(
        tmp_path / "a", [0.5, 0.6], strategy="<b>$x_{1}$</b>", classes=classes, bad_images=["<i>"]
    )
    page = read_page(build_report([run], tmp_path / "out").page)
    assert "script" not in page.tags
    assert "i" not in page.tags
    assert "<script>alert(1)</script>" in page.words
    assert "<b>$x_{1}$</b>" in page.words


def test_many_series_are_drawn(tmp_path):
    runs = [
        make_run(
            tmp_path / f"s{k}-{seed}",
            [0.5 + k / 100, 0.6 + seed / 50],
            seed=seed,
            strategy=f"strategy {k} with a rather long name",
            acquisition={"name": str(k)},
        )
        for k in range(9)
        for seed in range(2)
    ]
    report = build_report(runs, tmp_path / "out")
    assert len(report.rows) == 9
    page = report.page.read_text()
    # The last two have the colours of the first two.
    assert page.count('class="card again"') == 2
    assert "<summary>Environment of 18 runs</summary>" in page


def test_reporting_again_replaces_and_leaves_no_drafts(two_strategies, tmp_path):
    first = build_report(two_strategies, tmp_path / "out")
    again = build_report(two_strategies, tmp_path / "out")
    listed = tmp_path / "out" / ReportFiles.file
    assert sorted((tmp_path / "out").iterdir()) == sorted([*again.written, listed])
    assert first.written == again.written


def test_a_file_in_the_way_is_an_error_with_the_remedy(tmp_path):
    run = make_run(tmp_path / "a", [0.5])
    (tmp_path / "out").write_text("")
    with pytest.raises(RunError, match=r"out: a file of that name is in the way; choose another"):
        build_report([run], tmp_path / "out")
