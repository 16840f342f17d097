"""A report on a sweep that is half done."""

import pytest

from raysal.errors import RunError
from raysal.report.build import build_report
from raysal.report.compare.collect import collect
from tests.support.fabricate import make_run


@pytest.fixture
def half_done(tmp_path):
    begun = make_run(tmp_path / "begun", [])
    (begun / "rounds").mkdir()
    return [make_run(tmp_path / "done", [0.5]), begun]


def test_a_run_that_has_only_begun_is_left_out(half_done, tmp_path):
    made = build_report(half_done, tmp_path / "out", strips=0)
    assert len(made.rows) == 1
    assert "Left out, because no round is measured yet: begun." in made.notes


def test_compare_leaves_it_out_too(half_done):
    found, (note,) = collect(half_done)
    assert found == half_done[:1]
    assert "begun" in note


def test_alone_it_is_an_error(half_done, tmp_path):
    with pytest.raises(RunError, match="begun has no measured round yet"):
        build_report(half_done[1:], tmp_path / "out")


def test_what_is_no_run_is_an_error(half_done, tmp_path):
    with pytest.raises(RunError, match=r"no folder at .*nothing"):
        build_report([*half_done, tmp_path / "nothing"], tmp_path / "out")
