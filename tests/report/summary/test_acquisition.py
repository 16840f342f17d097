"""Time of queries, and how much of it is saved against another strategy."""

import csv

import pytest

from raysal.errors import RunError
from raysal.report.build import build_report
from tests.support.fabricate import edit_json, make_run


def timed(run, *rounds):
    """Let the rounds of a run have taken these times, in seconds by stage."""
    for index, times in enumerate(rounds):
        edit_json(
            run / "rounds" / f"{index:03d}" / "record" / "record.json",
            timings_s={"train": 100.0, **times},
        )
    return run


@pytest.fixture
def runs(tmp_path):
    """One that picks regions in a subset, one that does so in the whole pool, as in CPRAL."""
    cpral = {"score": 3.0, "regions": 4.0, "select": 1.28, "annotate": 50.0}
    whole = {"score": 0.2, "regions": 22.0, "select": 1.0}
    folders = {
        "cpral": timed(make_run(tmp_path / "cpral", [0.5, 0.6], strategy="CPRAL"), cpral, {}),
        "whole": timed(make_run(tmp_path / "whole", [0.5, 0.6], strategy="Region-only"), whole, {}),
    }
    return list(folders.values())


def test_the_share_that_is_saved(runs, tmp_path):
    report = build_report(runs, tmp_path / "out", against="whole")
    with (tmp_path / "out" / "acquisition_time.csv").open() as file:
        cpral, whole = csv.DictReader(file)
    assert float(cpral["seconds"]) == pytest.approx(8.28)
    assert float(cpral["saved_percent"]) == pytest.approx(64.3, abs=0.05)
    assert whole["saved_percent"] == ""
    assert "percent of the time of Region-only" in report.page.read_text()
    assert not any("machine" in note for note in report.notes)
    by_label = build_report(runs, tmp_path / "other", against="Region-only")
    assert by_label.page.read_text() == report.page.read_text()


def test_another_machine_is_said(runs, tmp_path):
    edit_json(runs[0] / "environment.json", processor="other")
    report = build_report(runs, tmp_path / "out", against="whole")
    assert any("Not on the machine of Region-only: cpral" in note for note in report.notes)


def test_a_name_that_is_not_there(runs, tmp_path):
    with pytest.raises(RunError, match=r"--against x: .*; known: 'CPRAL', 'Region-only'"):
        build_report(runs, tmp_path / "out", against="x")
    with pytest.raises(RunError, match="did you mean 'Region-only'"):
        build_report(runs, tmp_path / "out", against="Region_only")


def test_a_run_without_a_query(runs, tmp_path):
    one = make_run(tmp_path / "one", [0.5], strategy="One")
    with pytest.raises(RunError, match="--against one: no run of it has made a query"):
        build_report([*runs, one], tmp_path / "out", against="one")
