"""Which runs make one line, and what is said of it."""

import pytest

from raysal.errors import RunError
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import common_rounds, group, spread
from tests.support.fabricate import make_run


def test_seeds_of_a_strategy_are_one_series_in_the_order_given(tmp_path):
    folders = [
        make_run(tmp_path / "r1", [0.5], strategy="Random", seed=1, acquisition={"name": "random"}),
        make_run(tmp_path / "d0", [0.5]),
        make_run(tmp_path / "r0", [0.5], strategy="Random", seed=0, acquisition={"name": "random"}),
    ]
    series = group(read_runs(folders))
    assert [one.label for one in series] == ["Random", "DS (entropy)"]
    assert [run.name for run in series[0].runs] == ["r0", "r1"]


def test_settings_that_differ_part_a_strategy_and_its_label(tmp_path):
    folders = [
        make_run(
            tmp_path / f"b{budget}-{seed}", [0.5], seed=seed, config={"al": {"budget": budget}}
        )
        for budget in (20, 40)
        for seed in (0, 1)
    ]
    series = group(read_runs(folders))
    assert [one.label for one in series] == [
        "DS (entropy), al.budget=20",
        "DS (entropy), al.budget=40",
    ]
    assert [len(one.runs) for one in series] == [2, 2]


def test_where_a_run_was_made_does_not_part_it(tmp_path):
    here = {"data": {"name": "camvid", "root": "/a"}, "engine": {"name": "local"}, "output": "x"}
    there = {"data": {"name": "camvid", "root": "/b"}, "engine": {"name": "ray"}, "output": "y"}
    folders = [
        make_run(tmp_path / "a", [0.5], seed=0, config=here),
        make_run(tmp_path / "b", [0.5], seed=1, config=there),
    ]
    assert [one.label for one in group(read_runs(folders))] == ["DS (entropy)"]


def test_one_experiment_twice_is_refused(tmp_path):
    folders = [make_run(tmp_path / name, [0.5], seed=4) for name in ("a", "b")]
    with pytest.raises(RunError, match=r"a and b are the same experiment \(DS .*, seed 4\)"):
        group(read_runs(folders))


def test_other_classes_are_refused(tmp_path):
    folders = [
        make_run(tmp_path / "a", [0.5], seed=0),
        make_run(tmp_path / "b", [0.5], seed=1, classes=("sky", "car", "pole")),
    ]
    with pytest.raises(RunError, match="a and b are of different classes"):
        group(read_runs(folders))


def test_other_data_are_refused(tmp_path):
    folders = [
        make_run(tmp_path / "a", [0.5], seed=0),
        make_run(tmp_path / "b", [0.5], seed=1, config={"data": {"name": "camvid"}}),
    ]
    with pytest.raises(RunError, match="a and b are of different data sets"):
        group(read_runs(folders))


def test_common_rounds_end_with_the_shortest_run(tmp_path):
    folders = [
        make_run(tmp_path / "a", [0.5, 0.6, 0.7], seed=0),
        make_run(tmp_path / "b", [0.5, 0.6], seed=1),
    ]
    assert common_rounds(read_runs(folders)) == (0, 1)


def test_spread_is_the_samples():
    known = spread([1.0, None, 3.0])
    assert known is not None
    assert (known.n, known.mean, known.low, known.high) == (2, 2.0, 1.0, 3.0)
    assert known.std == pytest.approx(2**0.5)


def test_spread_of_one_value_and_of_none():
    one = spread([5.0])
    assert one is not None
    assert one.std is None
    assert spread([None]) is None
