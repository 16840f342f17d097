"""What `raysal compare` finds and says, from runs with chosen numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from raysal.errors import RunError
from raysal.experiment.cost import Cost
from raysal.experiment.query import Ask, write_query
from raysal.report.build import build_report
from raysal.report.compare.build import build_comparison
from raysal.report.compare.by import CompareBy
from raysal.report.compare.collect import collect
from raysal.report.compare.comparison import Comparison, compare
from raysal.report.compare.figure import draw_matrix
from raysal.report.compare.section import needed
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.style import figure_style
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from tests.support.fabricate import make_run

RANDOM = {"name": "random"}
LUCK = (0.0, 0.02, -0.01, 0.03, 0.01)
"""Of the initial labels of each seed."""


def write_runs(place: Path, gains: Sequence[float] = (0.020, 0.021, 0.019, 0.022, 0.018)) -> None:
    """Runs of two strategies, whose mIoU differ by a gain for each seed after round 0."""
    for seed, (gain, luck) in enumerate(zip(gains, LUCK, strict=False)):
        base = [0.40 + luck, 0.50 + luck, 0.54 + luck]
        better = [base[0], base[1] + gain, base[2] + gain]
        make_run(place / f"r{seed}", base, strategy="Random", acquisition=RANDOM, seed=seed)
        make_run(place / f"d{seed}", better, strategy="DS", seed=seed)


def compared(place: Path, **options: object) -> Comparison:
    return compare(group(read_runs(collect([place])[0])), **options)  # type: ignore[arg-type]


def test_a_difference_that_all_seeds_have_is_shown(tmp_path: Path) -> None:
    write_runs(tmp_path)
    found = compared(tmp_path)
    (pair,) = found.pairs
    assert found.labels == ("DS", "Random")
    # Gains of 0, 2 and 2 points at 40, 60 and 80 images: a mean of 1.5.
    assert pair.mean == pytest.approx(1.5)
    assert pair.better == 0
    (sentence,) = found.sentences
    assert sentence.startswith(
        "DS is better than Random: +1.50 points of mean mIoU over 40 to 80 labelled images (95 % "
        "interval +1.35 to +1.65, 5 seeds, p < 0.001"
    )
    assert found.summary.startswith("Shown: DS is better than Random.")
    last = compared(tmp_path, by=CompareBy.final)
    assert last.pairs[0].mean == pytest.approx(2)
    assert "points of mIoU at 80 labelled images" in last.sentences[0]


def test_a_difference_of_some_seeds_is_not_shown_and_what_would_show_it(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.05, -0.03, 0.02, -0.01, 0.03))
    found = compared(tmp_path)
    (pair,) = found.pairs
    assert not pair.differs
    assert pair.needed is not None
    (sentence,) = found.sentences
    assert sentence.startswith("Not shown that DS and Random differ: +0.90 points (95 % interval -")
    assert f"{pair.needed} seeds ({pair.needed - 5} more) would show it" in sentence
    assert found.summary.startswith("Not shown that the two strategies differ.")
    assert any("cannot go below p = 0.0625 with 5 seeds" in note for note in found.notes)


def page_of(place: Path) -> str:
    text = build_comparison([place], place.parent / "compared").page.read_text()
    return " ".join(text.split())


def test_the_caption_tells_of_what_the_figure_has(tmp_path: Path) -> None:
    write_runs(tmp_path / "many")
    assert ", with the 95 % interval of the mean over seeds;" in page_of(tmp_path / "many")
    write_runs(tmp_path / "two", (0.05, 0.05))
    page = page_of(tmp_path / "two")
    assert "95 % interval" not in page
    assert "too few seeds for intervals and tests" in page
    for number in range(9):
        miou = [0.40, 0.41 + number / 1000]
        for seed in range(3):
            acquisition = {"name": "ds", "uncertainty": str(number)}
            run = tmp_path / "cells" / f"{number}-{seed}"
            make_run(run, miou, strategy=f"S{number}", acquisition=acquisition, seed=seed)
    page = page_of(tmp_path / "cells")
    assert "interval of the mean over seeds;" not in page
    assert "intervals are in the sentences below" in page


def test_of_many_pairs_those_that_are_not_shown_are_folded(tmp_path: Path) -> None:
    for number in range(7):
        for seed, luck in enumerate(LUCK):
            miou = [0.40 + luck, 0.50 + luck + 0.05 * (number == 0) + luck * number / 50]
            run = tmp_path / "runs" / f"{number}-{seed}"
            make_run(run, miou, strategy=f"S{number}", acquisition={"name": f"{number}"}, seed=seed)
    shown, folded = page_of(tmp_path / "runs").split("<details>")
    assert shown.count("<li>S0 is better than") == 6
    assert "<summary>15 pairs of which no difference is shown</summary>" in folded
    assert folded.count("<li>Not shown that") == 15


def test_no_verdict_with_two_seeds(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.05, 0.05))
    found = compared(tmp_path)
    assert found.pairs[0].better is None
    assert found.summary.startswith("No verdict")
    assert "2 seeds in common, and at least 3 are needed" in found.sentences[0]


def test_labels_needed_to_equal_random(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.04,) * 5)
    found = compared(tmp_path)
    better, random = found.efficiencies
    assert random is None
    assert found.rival == "Random"
    assert better is not None
    # DS has at 60 images what Random has at 80.
    assert better.share == pytest.approx(0.75)
    assert needed(better) == "75 [75 to 75]"
    with pytest.raises(RunError, match=r"--against Rondom: .*did you mean 'Random'"):
        compared(tmp_path, against="Rondom")
    back = compared(tmp_path, against="DS")
    assert (back.rival, back.efficiencies[0]) == ("DS", None)
    assert compared(tmp_path, against="d3").rival == "DS"
    assert needed(back.efficiencies[1]) == "not reached [not reached to not reached]"


def test_curves_are_compared_as_far_as_the_shortest_goes(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.02, 0.03, 0.04))
    make_run(tmp_path / "short", [0.40, 0.52], strategy="DE", acquisition={"name": "de"}, seed=0)
    found = compared(tmp_path)
    matched = found.matched
    assert matched.seeds == (0, 1, 2)
    assert (list(matched.low_N), list(matched.high_N)) == ([40, 40, 40], [60, 80, 80])
    tested = [pair.tested for pair in found.pairs]
    assert sum(tested) == 1
    assert "2 of 3 pairs have too few seeds for a verdict" in found.summary


def test_seeds_of_one_strategy_only_are_left_out(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.02, 0.03, 0.04))
    make_run(tmp_path / "more", [0.4, 0.5, 0.6], strategy="DS", seed=7)
    found = compared(tmp_path)
    assert found.pairs[0].n == 3
    assert "Left out, because no other strategy has the seed: DS 7." in found.notes


def test_other_units_and_those_that_are_not_counted(tmp_path: Path) -> None:
    write_runs(tmp_path)
    found = compared(tmp_path, unit=CostUnit.pixels)
    assert [matched.unit for matched in found.other_units] == ["images"]
    with pytest.raises(RunError, match=r"not all runs count clicks; .* images or pixels \(--x\)"):
        compared(tmp_path, unit=CostUnit.clicks)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"al": {"budget": 10}}, "al.budget is 20 in one and 10 in the other; .* one budget"),
        ({"model": {"encoder": "resnet50"}}, "model.encoder is not set in one and resnet50"),
        ({"data": {"name": "streets", "size": [8, 8]}}, "data.size is not set in one"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, config: dict, words: str) -> None:
    make_run(tmp_path / "a", [0.4], strategy="Random", acquisition=RANDOM)
    make_run(tmp_path / "b", [0.4], config=config)
    with pytest.raises(RunError, match=f"a and b cannot be compared: {words}"):
        compared(tmp_path)


def test_other_initial_labels_are_refused(tmp_path: Path) -> None:
    write_runs(tmp_path, (0.02,))
    ask = Ask("x", 0, 0, 32, 48, None, Cost(1.0, 1536))
    for name, other in (("d0", ask), ("r0", replace(ask, image_id="y"))):
        folder = tmp_path / name / "initial" / "query"
        folder.mkdir(parents=True)
        write_query(folder, [other])
    with pytest.raises(RunError, match=r"d0 and r0 .* seed 0, but 1 of 1 initial labels differ"):
        compared(tmp_path)


def test_settings_that_differ_apart_from_the_strategy_are_named(tmp_path: Path) -> None:
    make_run(tmp_path / "a", [0.4], strategy="Random", acquisition=RANDOM)
    make_run(tmp_path / "b", [0.4], config={"train": {"epochs": 9}, "cle": {"x": 1}})
    (note,) = [note for note in compared(tmp_path).notes if "more than the strategy" in note]
    assert "strategy: train.epochs. A difference" in note


def test_one_strategy_is_nothing_to_compare(tmp_path: Path) -> None:
    make_run(tmp_path / "a", [0.4])
    with pytest.raises(RunError, match="one strategy only"):
        compared(tmp_path)


def test_files_and_page(tmp_path: Path) -> None:
    write_runs(tmp_path / "runs")
    (tmp_path / "runs" / "begun" / "rounds").mkdir(parents=True)
    made = build_comparison([tmp_path / "runs"], tmp_path / "out")
    assert made.notes == ("Left out, because no round is measured yet: begun.",)
    (row,) = csv.DictReader((tmp_path / "out" / "compare.csv").open())
    assert (row["verdict"], row["seeds"]) == ("DS is better", "5")
    assert float(row["p"]) == float(row["p_holm"]) < 0.001
    values = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert values["pairs"][0]["sentence"] == made.comparison.sentences[0]
    assert values["strategies"][0]["by_seed"]["0"] == pytest.approx(50)
    rows = list(csv.DictReader((tmp_path / "out" / "strategies.csv").open()))
    assert [row["strategy"] for row in rows] == ["DS", "Random"]
    page = made.page.read_text()
    for words in (made.comparison.summary, *made.comparison.sentences):
        assert words.replace("<", "&lt;") in page
    build_comparison([tmp_path / "runs"], tmp_path / "out")  # Its own files are replaced.


def test_the_report_has_it_too_or_says_why_not(tmp_path: Path) -> None:
    write_runs(tmp_path / "runs", (0.02, 0.03))
    runs = collect([tmp_path / "runs"])[0]
    report = build_report(runs, tmp_path / "out", strips=0)
    assert report.verdict is not None
    assert report.verdict in report.page.read_text()
    assert (tmp_path / "out" / "compare.json").exists()
    other = make_run(tmp_path / "o", [0.4], strategy="DE", config={"al": {"budget": 1}})
    report = build_report([*runs, other], tmp_path / "other", strips=0)
    assert report.verdict is None
    assert any("Not compared in pairs: d0 and o cannot" in note for note in report.notes)
    assert not (tmp_path / "other" / "compare.json").exists()


def test_runs_of_a_sweep_and_of_a_folder(tmp_path: Path) -> None:
    write_runs(tmp_path / "sweep" / "trials", (0.02,))
    (tmp_path / "sweep" / "sweep.yaml").write_text("{}")
    one = make_run(tmp_path / "one", [0.5], strategy="DE", acquisition={"name": "de"})
    found, notes = collect([tmp_path / "sweep", one])
    assert [path.name for path in found] == ["d0", "r0", "one"]
    assert not notes
    (tmp_path / "empty" / "begun" / "rounds").mkdir(parents=True)
    with pytest.raises(RunError, match=r"no run in .*empty has a measured round yet"):
        collect([tmp_path / "empty"])


def test_differences_that_read_as_none_are_pale(tmp_path: Path) -> None:
    make_run(tmp_path / "a", [0.40001], strategy="Random", acquisition=RANDOM)
    make_run(tmp_path / "b", [0.4])
    found = compared(tmp_path)
    with figure_style():
        (image,) = draw_matrix(found).axes[0].get_images()
    assert image.get_clim()[1] > 1
