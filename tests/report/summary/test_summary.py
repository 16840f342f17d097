"""Numbers of the CSV files, from runs with chosen numbers."""

import csv
import io
import math

import pytest

from raysal.report.runs.read import read_runs
from raysal.report.runs.series import common_rounds, group
from raysal.report.summary.balance import average_entropy, class_shares, entropy_table
from raysal.report.summary.cautions import cautions
from raysal.report.summary.curve import curve_table
from raysal.report.summary.effort import costs, timings
from raysal.report.summary.results import class_table, iou_table, rounds_table, summary
from tests.support.fabricate import edit_json, make_run


def rows_of(table):
    return list(csv.DictReader(io.StringIO(table.csv())))


def load(*folders):
    runs = read_runs(folders)
    series = group(runs)
    return series, common_rounds(series)


def at(series, common):
    return class_table([(one, common[-1]) for one in series])


def test_curve_is_mean_and_sample_deviation_in_percent(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.50, 0.60], seed=0),
        make_run(tmp_path / "b", [0.54, 0.62], seed=1),
    )
    first, last = rows_of(curve_table(series))
    assert (first["strategy"], first["runs"], first["images"]) == ("DS (entropy)", "2", "40")
    assert float(first["miou_std"]) == pytest.approx(math.sqrt(8), abs=1e-6)
    assert [float(first[key]) for key in ("miou", "miou_min", "miou_max")] == [52, 50, 54]
    assert float(last["miou"]) == pytest.approx(61)


def test_curve_of_an_unfinished_run_goes_on_with_the_others(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.5, 0.6], seed=0), make_run(tmp_path / "b", [0.7], seed=1)
    )
    rows = rows_of(curve_table(series))
    assert [row["runs"] for row in rows] == ["2", "1"]
    assert float(rows[1]["miou"]) == pytest.approx(60)
    assert rows[1]["miou_std"] == ""


def test_curve_leaves_out_what_has_no_miou(tmp_path):
    series, _ = load(make_run(tmp_path / "a", [None, 0.6]))
    assert [row["round"] for row in rows_of(curve_table(series))] == ["1"]


def test_a_point_counts_the_same_runs_in_both_axes(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [None], seed=0, images=[80]),
        make_run(tmp_path / "b", [0.6], seed=1, images=[40]),
    )
    (row,) = rows_of(curve_table(series))
    assert (row["images"], row["runs"], float(row["miou"])) == ("40", "1", 60)


def test_iou_of_the_last_common_round_with_absent_classes(tmp_path):
    series, common = load(
        make_run(tmp_path / "a", [0.1, 0.5], seed=0, iou=[[0, 0, 0], [0.9, 0.2, None]]),
        make_run(tmp_path / "b", [0.1, 0.5], seed=1, iou=[[0, 0, 0], [0.7, None, None]]),
        make_run(
            tmp_path / "r",
            [0.1, 0.4, 0.9],
            strategy="Random",
            acquisition={"name": "random"},
            iou=[[0, 0, 0], [0.5, 0.4, 0.3], [1, 1, 1]],
        ),
    )
    rows = {row["class"]: row for row in rows_of(iou_table(at(series, common)))}
    assert float(rows["road"]["DS (entropy)"]) == pytest.approx(80)
    assert float(rows["car"]["DS (entropy)"]) == pytest.approx(20)
    assert rows["pole"]["DS (entropy)"] == ""
    assert float(rows["pole"]["Random"]) == pytest.approx(30)
    assert float(rows["mIoU"]["Random"]) == pytest.approx(40)


def test_rare_classes_are_those_with_few_ground_truth_pixels(tmp_path):
    confusion = [[970, 10, 5], [3, 7, 5], [0, 0, 0]]
    series, common = load(make_run(tmp_path / "a", [0.5], confusion=confusion))
    road, car, pole = at(series, common).rows
    assert road.share == pytest.approx(98.5)
    assert car.share == pytest.approx(1.5)
    assert [row.rare for row in (road, car, pole)] == [False, True, False]


def test_summary_ends_with_the_last_round_of_most_runs(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.5, 0.6, 0.9], seed=0),
        make_run(tmp_path / "b", [0.4, 0.7], seed=1),
    )
    (row,) = summary(series)
    assert (row.runs, row.rounds, row.images_first, row.images_last) == (2, 2, 40, 60)
    assert row.miou_first == pytest.approx(45)
    assert row.miou_last == pytest.approx(65)
    assert row.miou_std == pytest.approx(math.sqrt(50))


def test_class_entropy_by_round_and_its_average(tmp_path):
    pixels = [[8, 0, 0], [5, 5, 0], [1, 1, 1]]
    series, common = load(
        make_run(tmp_path / "a", [0.5] * 3, seed=0, class_pixels=pixels),
        make_run(tmp_path / "b", [0.5] * 2, seed=1, class_pixels=pixels[:2]),
    )
    long, short = rows_of(entropy_table(series, common))
    assert [float(long[f"round_{i}"]) for i in range(3)] == pytest.approx(
        [0, math.log(2), math.log(3)], abs=1e-6
    )
    assert short["round_2"] == ""
    assert (
        float(long["average"])
        == float(short["average"])
        == pytest.approx(math.log(2) / 2, abs=1e-6)
    )
    assert average_entropy(series[0], common).std == 0


def test_class_shares_are_means_of_shares_not_of_pixels(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.5], seed=0, class_pixels=[[1, 1, 0]]),
        make_run(tmp_path / "b", [0.5], seed=1, class_pixels=[[1000, 0, 0]]),
    )
    assert class_shares(series[0], 0) == pytest.approx((75, 25, 0))


def test_units_that_nobody_counts_are_left_out(tmp_path):
    series, _ = load(make_run(tmp_path / "a", [0.5, 0.6]))
    (grid,) = costs(series)
    assert grid.columns == ("images", "pixels")
    assert grid.rows == ((0, (40, 1000)), (1, (60, 2000)))


def test_units_that_one_run_counts_stay(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.5], seed=0, regions=7), make_run(tmp_path / "b", [0.5], seed=1)
    )
    (grid,) = costs(series)
    assert grid.columns == ("images", "regions", "pixels")
    assert grid.rows[0][1][1] == 7


def test_times_in_the_order_of_the_stages_with_their_total(tmp_path):
    series, _ = load(make_run(tmp_path / "a", [0.5, 0.6]))
    (grid,) = timings(series)
    assert grid.columns == ("train", "evaluate", "score", "total")
    assert grid.rows[1] == (1, (12.5, 1.0, 4.0, 17.5))


def test_every_recorded_round_is_in_the_table_of_rounds(tmp_path):
    series, _ = load(
        make_run(tmp_path / "a", [0.5, None], seed=0), make_run(tmp_path / "b", [0.6], seed=1)
    )
    rows = rows_of(rounds_table(series))
    assert [(row["run"], row["round"]) for row in rows] == [("a", "0"), ("a", "1"), ("b", "0")]
    assert float(rows[0]["miou"]) == pytest.approx(50)
    assert rows[1]["miou"] == ""


def test_names_with_commas_and_quotes_survive_csv(tmp_path):
    series, common = load(make_run(tmp_path / "a", [0.5], strategy='DS, "hard"'))
    assert rows_of(rounds_table(series))[0]["strategy"] == 'DS, "hard"'
    assert 'DS, "hard"' in rows_of(iou_table(at(series, common)))[0]


def test_a_run_that_wanted_the_best_weights_and_had_nothing_to_choose_them_by(tmp_path):
    folders = []
    for seed, weights in enumerate(("last", "best_val", None)):
        folders.append(
            make_run(
                tmp_path / str(weights),
                [0.5, 0.6],
                seed=seed,
                config={"train": {"checkpoint": "best_val"}},
            )
        )
        for index in range(2):
            record = folders[-1] / "rounds" / f"{index:03d}" / "record" / "record.json"
            edit_json(record, weights=weights)
    notes = " ".join(cautions(*load(*folders)))
    assert "No validation split: last. The weights of the last epoch were tested" in notes
    chosen = make_run(tmp_path / "chosen", [0.5], config={"train": {"checkpoint": "last"}})
    edit_json(chosen / "rounds" / "000" / "record" / "record.json", weights="last")
    assert "No validation split" not in " ".join(cautions(*load(chosen)))
