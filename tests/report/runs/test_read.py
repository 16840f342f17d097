"""Runs read from disk, and the one line that says what is wrong with one."""

import pytest

from raysal.errors import DataError, RunError
from raysal.report.runs.read import read_runs
from tests.support.fabricate import edit_json, make_run


def test_values_of_a_round(tmp_path):
    folder = make_run(
        tmp_path / "a", [0.5, 0.625], seed=3, confusion=[[6, 1, 0], [0, 2, 0], [0, 0, 1]]
    )
    (run,) = read_runs([folder])
    assert (run.name, run.seed, run.strategy, len(run.rounds)) == ("a", 3, "DS (entropy)", 2)
    assert [data.metrics.miou for data in run.rounds] == [0.5, 0.625]
    assert run.rounds[1].images == 60
    assert run.rounds[0].truth_pixels == (7, 2, 1)
    assert list(run.rounds[1].record.timings_s) == ["train", "evaluate", "score"]
    assert run.environment["machine"] == {"cpus": 2}


def test_a_round_without_record_is_not_there_yet(tmp_path):
    folder = make_run(tmp_path / "a", [0.5, 0.6])
    (folder / "rounds" / "001" / "record" / "record.json").unlink()
    assert [data.index for data in read_runs([folder])[0].rounds] == [0]


def test_one_folder_given_twice_is_one_run(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    assert len(read_runs([folder, folder / ".." / "a"])) == 1


def test_runs_of_one_name_are_told_apart(tmp_path):
    for parent in ("x", "y"):
        (tmp_path / parent).mkdir()
    folders = [make_run(tmp_path / parent / "a", [0.5]) for parent in ("x", "y")]
    assert [run.name for run in read_runs(folders)] == ["x/a", "y/a"]


def test_bad_images_of_all_rounds_once(tmp_path):
    folder = make_run(tmp_path / "a", [0.5, 0.6], bad_images=["p", "q"])
    edit_json(folder / "rounds" / "001" / "record" / "record.json", bad_images=["q", "r"])
    assert read_runs([folder])[0].bad_images == ("p", "q", "r")


def test_no_folder(tmp_path):
    with pytest.raises(RunError, match=r"no folder at .*gone; give a run folder"):
        read_runs([tmp_path / "gone"])


def test_a_folder_that_is_no_run_is_named_with_the_remedy(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(RunError, match=r"photos is not a run: it has no rounds/ folder; give the"):
        read_runs([tmp_path / "photos"])


def test_the_parent_of_runs(tmp_path):
    make_run(tmp_path / "a", [0.5])
    with pytest.raises(RunError, match=r"contains runs; give them one by one: .*/\*"):
        read_runs([tmp_path])


def test_nothing_given():
    with pytest.raises(RunError, match="no run given"):
        read_runs([])


def test_no_recorded_round(tmp_path):
    folder = make_run(tmp_path / "a", [])
    (folder / "rounds").mkdir()
    with pytest.raises(RunError, match=r"a has no measured round yet; `raysal status .*a` says"):
        read_runs([folder])


def test_another_version(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    edit_json(folder / "rounds" / "000" / "record" / "record.json", version=2)
    with pytest.raises(DataError, match=r"record\.json has format version 2, this raysal reads 1"):
        read_runs([folder])


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": 1, "round": "x"}'])
def test_a_damaged_file_is_named_on_one_line(tmp_path, damage):
    folder = make_run(tmp_path / "a", [0.5])
    (folder / "rounds" / "000" / "record" / "record.json").write_text(damage)
    with pytest.raises(DataError, match=r"000/record/record\.json is damaged: ") as caught:
        read_runs([folder])
    assert "\n" not in str(caught.value)


def test_metrics_of_another_number_of_classes(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    edit_json(folder / "rounds" / "000" / "metrics" / "metrics.json", iou=[0.5])
    with pytest.raises(DataError, match="differ in the number of classes"):
        read_runs([folder])


def test_a_missing_file_is_named(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    (folder / "config.yaml").unlink()
    with pytest.raises(DataError, match=r"no file .*/config.yaml"):
        read_runs([folder])


def test_no_result_depends_on_the_environment(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    for text in ("{", "[]", None):
        (folder / "environment.json").unlink()
        if text is not None:
            (folder / "environment.json").write_text(text)
            assert read_runs([folder])[0].environment == {}
    assert read_runs([folder])[0].environment == {}


def test_damaged_settings(tmp_path):
    folder = make_run(tmp_path / "a", [0.5])
    (folder / "config.yaml").write_text("name: [")
    with pytest.raises(DataError, match=r"config\.yaml is damaged") as caught:
        read_runs([folder])
    assert "\n" not in str(caught.value)
