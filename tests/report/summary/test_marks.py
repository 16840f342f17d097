"""The best and the second best of a row."""

import pytest

from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from raysal.report.summary.results import class_table
from tests.support.fabricate import make_full, make_run


def table_of(tmp_path, *iou, full=False):
    folders = [
        make_run(
            tmp_path / f"r{i}", [0.5], strategy=f"S{i}", acquisition={"name": str(i)},
            iou=[[value, None, None]],
        )
        for i, value in enumerate(iou)
    ]  # fmt: skip
    if full:
        folders.append(make_full(tmp_path / "full", 0.99))
    return class_table([(one, 0) for one in group(read_runs(folders))])


@pytest.mark.parametrize(
    ("iou", "marks"),
    [
        ((0.5, 0.7, 0.6), ("", "best", "second")),
        ((0.5, 0.7, 0.7), ("", "best", "best")),
        ((0.6, 0.7, 0.6), ("second", "best", "second")),
        ((0.7, 0.6), ("best", "")),
        ((0.0, 0.7, 0.0), ("", "best", "")),
        ((0.0, 0.0, 0.0), ("", "", "")),
        ((0.7001, 0.6999, 0.5), ("best", "best", "")),  # Equal in print.
        ((None, 0.6, 0.5), ("", "best", "")),
        ((None, None, 0.5), ("", "", "")),
    ],
)
def test_marks(tmp_path, iou, marks):
    table = table_of(tmp_path, *iou)
    assert table.marks(table.rows[0].iou) == marks


def test_all_images_are_not_ranked(tmp_path):
    table = table_of(tmp_path, 0.5, 0.7, 0.6, full=True)
    assert table.marks(table.rows[0].iou) == ("", "best", "second", "")


def test_columns_of_different_rounds_are_not_ranked(tmp_path):
    (series,) = group(read_runs([make_run(tmp_path / "a", [0.5, 0.6])]))
    table = class_table([(series, 0), (series, 1)])
    assert table.marks(table.miou) == ("", "")
