"""Runs whose queries went on with other settings: what is said of them, and what they are one
series with."""

import re

import pytest

from raysal.experiment.cost import NOTHING
from raysal.report.build import build_report
from raysal.report.cost_unit import CostUnit
from raysal.report.regions.section import region_section
from raysal.report.runs.read import read_run, read_runs
from raysal.report.runs.series import group
from raysal.report.runs.truth import Truths
from raysal.report.summary.curve import changes_of
from raysal.report.summary.curve_figure import draw_curve
from tests.support.fabricate import edit_json, make_run, write_query

DS = {"acquisition.name": "ds", "acquisition.levels": 8, "al.budget": 20, "rga": None}
ENTROPY = {"acquisition.name": "entropy", "al.budget": 20, "rga": None}
REGIONS = {"acquisition.name": "ds", "acquisition.levels": 8, "al.budget": 20, "rga.w": 30}
LABELS = {"ds": "DS", "entropy": "Entropy"}


def make_changed(folder, *settings, seed=0):
    """A run whose rounds were made with these settings; the last one makes no query."""
    run = make_run(folder, [0.3 + i / 10 for i in range(len(settings))], strategy="DS", seed=seed)
    for index, of_round in enumerate(settings):
        edit_json(
            run / "rounds" / f"{index:03d}" / "record" / "record.json",
            settings={"al.rounds": len(settings), "al.budget_unit": "images", **of_round},
            strategy=LABELS[of_round["acquisition.name"]],
            queried=None if index == len(settings) - 1 else vars(NOTHING),
        )
    return run


@pytest.mark.parametrize(
    ("settings", "strategy", "said"),
    [
        ((DS, DS, DS), "DS", []),
        (
            (DS, ENTROPY, ENTROPY),
            "DS, then Entropy",
            ["from the query after round 1 on: acquisition.name ds → entropy"],
        ),
        (
            (DS, DS, {**DS, "al.budget": 5, "oracle": "people"}, DS, DS),
            "DS, then 5 images per query and people, then 20 images per query and simulated "
            "annotator",
            [
                "from the query after round 2 on: al.budget 20 → 5; oracle simulated → people",
                "from the query after round 3 on: al.budget 5 → 20; oracle people → simulated",
            ],
        ),
        (
            (DS, REGIONS, {**REGIONS, "rga.w": 15}, REGIONS),
            "DS, then other settings, then other settings",
            [
                "from the query after round 1 on: rga off → on",
                "from the query after round 2 on: rga.w 30 → 15",
            ],
        ),
        # The last round made no query: only for which strategy its model was trained counts.
        (
            (DS, DS, {**ENTROPY, "al.budget": 5}),
            "DS",
            ["the model of round 2, which makes no query: acquisition.name ds → entropy"],
        ),
    ],
)
def test_what_changed_is_said_in_words(settings, strategy, said, tmp_path):
    run = read_run(make_changed(tmp_path / "run", *settings), "run")
    assert (run.strategy, [str(change) for change in run.changes]) == (strategy, said)


def test_runs_are_averaged_only_if_they_changed_alike(tmp_path):
    histories = {
        "a0": (DS, ENTROPY, ENTROPY), "a1": (DS, ENTROPY, ENTROPY), "b0": (DS, DS, DS),
        "c0": (DS, DS, ENTROPY, ENTROPY), "d0": (ENTROPY, ENTROPY, ENTROPY),
    }  # fmt: skip
    folders = [
        make_changed(tmp_path / name, *settings, seed=int(name[-1]))
        for name, settings in histories.items()
    ]
    series = group(read_runs(folders))
    found = {"".join(run.name[0] for run in one.runs): one.label for one in series}
    assert found == {
        "aa": "DS, then Entropy after round 1",
        "b": "DS",
        "c": "DS, then Entropy after round 2",
        "d": "Entropy",
    }


def test_a_report_shows_where_curves_change_hands(tmp_path):
    folders = [
        make_changed(tmp_path / f"s{seed}", DS, ENTROPY, ENTROPY, seed=seed) for seed in (0, 1)
    ]
    (one,) = group(read_runs(folders))
    axes = draw_curve([one], CostUnit.images).axes[0]
    (label,) = [text.get_text() for text in axes.texts]
    dashed = [line for line in axes.lines if list(line.get_xdata()) == [60, 60]]
    assert (label, len(dashed)) == ("Entropy", 1)
    assert [change.round for change in changes_of(one)] == [1]
    page = build_report(folders, tmp_path / "report", strips=0).page.read_text()
    shown = re.findall(r"<li>(.*?)</li>", page)
    words = "from the query after round 1 on: acquisition.name ds → entropy"
    assert shown == [f"s0: {words}", f"s1: {words}"]
    assert "A dashed vertical line stands where" in page
    alone = build_report(folders[:1], tmp_path / "alone", strips=0).page.read_text()
    assert f"<li>F{words[1:]}</li>" in alone
    assert (
        "Changed settings"
        not in build_report(
            [make_changed(tmp_path / "same", DS, DS)], tmp_path / "of_same", strips=0
        ).page.read_text()
    )


def test_a_run_that_asked_for_regions_once_has_their_section(tmp_path):
    run = make_changed(tmp_path / "run", REGIONS, DS, DS)
    box = {"row": 0, "col": 0, "height": 8, "width": 8, "score": 1.0}
    for index in (0, 1):
        write_query(run / "rounds" / f"{index:03d}", [{"image_id": "a", **box}])
    series = group(read_runs([run]))  # Its configuration has no regions any more.
    section = region_section(series, Truths())
    assert section is not None
    assert section.images_only == []
    never = group(read_runs([make_changed(tmp_path / "never", DS)]))
    assert region_section(never, Truths()) is None
