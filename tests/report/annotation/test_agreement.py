"""How far annotators agree, as the report shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysal.data.answers import Answer, AnswerStore
from raysal.data.decode import IGNORE
from raysal.experiment.cost import Cost
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import Ask, write_query
from raysal.report.annotation.section import annotation_of
from raysal.report.build import build_report
from raysal.report.runs.read import read_runs
from tests.report.annotation.test_annotation import labelled, rows_of
from tests.support.fabricate import make_run, write_answered

OWN, SIZE = (8, 12), (4, 6)
HOSTILE = "<script>Bo"


def raster(*rows: int) -> np.ndarray:
    """Rows of one class each, the others not labelled."""
    drawn = np.full(OWN, IGNORE, np.uint8)
    drawn[: len(rows)] = np.array(rows, np.uint8)[:, None]
    return drawn


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Of road, car and pole, Bo calls half of Ann's cars road."""
    data = {"name": "streets", "size": list(SIZE)}
    folder = make_run(tmp_path / "a", [0.5], config={"data": data})
    layout = RunLayout(folder)
    layout.initial.query.mkdir(parents=True)
    write_query(layout.initial.query, [Ask("i", 0, 0, *SIZE, None, Cost(1, 24))])
    store = AnswerStore(layout.answers / "initial")
    store.save(Answer("i", raster(0, 0, 0, 0, 1, 1), "Ann", "page"))
    store.save(Answer("i", raster(0, 0, 0, 0, 0, 1, 1), HOSTILE, "page"))
    write_answered(folder / "initial", labelled("i", annotator=HOSTILE))
    return folder


def test_by_pair_and_by_class(run: Path) -> None:
    (one,) = (section := annotation_of(read_runs([run]))).runs  # type: ignore[union-attr]
    assert one.agreement is not None
    (pair,) = one.agreement.pairs
    assert one.agreement.every is None
    assert (pair.names, pair.images, pair.pixels, pair.both) == ((HOSTILE, "Ann"), 1, 72, 75)
    assert (pair.equal, pair.miou) == (pytest.approx(100 * 5 / 6), pytest.approx(65))
    assert pair.kappa == pytest.approx(4 / 7)
    car, road = one.agreement.classes
    assert (car.name, car.iou, car.other, car.other_share) == ("car", 50, "road", 50)
    assert (road.name, road.iou, road.other, road.other_share) == ("road", 80, "car", 20)
    rows = rows_of(section.tables["agreement.csv"])  # type: ignore[union-attr]
    assert [(r["class"], r["annotator_pixels"], r["other_pixels"], r["iou"]) for r in rows] == [
        ("road", "60", "48", "80"),
        ("car", "12", "24", "50"),
        ("pole", "0", "0", ""),
    ]


def test_all_pairs_together(run: Path) -> None:
    store = AnswerStore(RunLayout(run).answers / "initial")
    store.save(Answer("i", raster(0), "Cleo", "page"))
    (one,) = annotation_of(read_runs([run])).runs  # type: ignore[union-attr]
    assert one.agreement is not None
    assert len(one.agreement.pairs) == 3
    every = one.agreement.every
    assert every is not None
    assert (every.images, every.pixels) == (1, 72 + 12 + 12)


def test_the_page_shows_both(run: Path, tmp_path: Path) -> None:
    report = build_report([run], tmp_path / "out", strips=0)
    assert "agreement.csv" in {path.name for path in report.written}
    words = " ".join(report.page.read_text().split())
    assert "Agreement</h3>" in words
    assert "<bdi>&lt;script&gt;Bo</bdi>, <bdi>Ann</bdi>" in words
    assert "<script" not in words
    assert "road (50.0 %)" in words
