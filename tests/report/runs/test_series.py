"""Which runs make one line, and what is said of it."""

import pytest

from raysal.errors import RunError
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import common_rounds, group, spread
from tests.support.fabricate import make_full, make_run


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
    assert common_rounds(group(read_runs(folders))) == (0, 1)


def test_one_short_run_does_not_hide_the_rounds_of_the_others(tmp_path):
    folders = [make_run(tmp_path / f"a{s}", [0.5] * n, seed=s) for s, n in enumerate((3, 1, 3, 4))]
    (series,) = group(read_runs(folders))
    assert series.last == 2
    assert common_rounds([series]) == (0, 1, 2)


def test_how_long_a_run_is_does_not_part_it(tmp_path):
    folders = [
        make_run(tmp_path / f"a{n}", [0.5] * n, seed=n, config={"al": {"budget": 20, "rounds": n}})
        for n in (2, 3)
    ]
    assert [one.label for one in group(read_runs(folders))] == ["DS (entropy)"]


def test_labels_have_no_more_settings_than_tell_runs_apart(tmp_path):
    configs = [
        {"al": {"budget": 20}, "train": {"epochs": 50, "batch_size": 4}, "optim": {"lr": 0.01}},
        {"al": {"budget": 20}, "train": {"epochs": 90, "batch_size": 8}, "optim": {"lr": 0.02}},
        {"al": {"budget": 40}, "train": {"epochs": 90, "batch_size": 8}, "optim": {"lr": 0.02}},
    ]
    folders = [make_run(tmp_path / f"r{i}", [0.5], config=c) for i, c in enumerate(configs)]
    series = group(read_runs(folders))
    assert [one.label for one in series] == [
        "DS (entropy), al.budget=20, train.epochs=50",
        "DS (entropy), al.budget=20, train.epochs=90",
        "DS (entropy), al.budget=40, train.epochs=90",
    ]
    assert dict(series[0].differs)["optim.lr"] == "0.01"


def test_a_section_that_is_off_is_one_word(tmp_path):
    on = {"beta": 0.5, "precision": 0.9}
    folders = [
        make_run(tmp_path / name, [0.5], config={"cle": cle})
        for name, cle in (("off", None), ("a", on), ("b", on | {"beta": 0.7}))
    ]
    assert [one.label for one in group(read_runs(folders))] == [
        "DS (entropy), cle=off",
        "DS (entropy), cle.beta=0.5",
        "DS (entropy), cle.beta=0.7",
    ]


def test_all_images_at_once_is_no_strategy(tmp_path):
    folders = [
        make_run(tmp_path / "ds", [0.5, 0.6]),
        make_full(tmp_path / "full0", 0.7),
        make_full(tmp_path / "full1", 0.72, seed=1, strategy="Random", budget=40),
    ]
    series = group(read_runs(folders))
    assert [(one.label, one.full, len(one.runs)) for one in series] == [
        ("DS (entropy)", False, 1),
        ("All images", True, 2),
    ]


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
