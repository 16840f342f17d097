"""QBC as the better of its two measures, from runs with chosen numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from raysal.report.build import build_report
from raysal.report.compare.build import build_comparison
from raysal.report.runs.qbc import LABEL, Joined, better_of_measures
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group
from tests.support.fabricate import make_run

ENTROPY, VARIATION = "QBC (mean entropy, network)", "QBC (variation ratio, network)"


def qbc(
    folder: Path,
    miou: Sequence[float | None],
    *,
    variation: bool = False,
    seed: int = 0,
    **more: object,
) -> Path:
    acquisition = {"name": "mc_dropout", "dropout": "network", **more}
    if variation:
        acquisition["measure"] = "variation_ratio"
    strategy = VARIATION if variation else ENTROPY
    return make_run(folder, miou, strategy=strategy, acquisition=acquisition, seed=seed)


def joined(place: Path) -> Joined:
    return better_of_measures(group(read_runs(sorted(place.iterdir()))))


@pytest.mark.parametrize("better", ["entropy", "variation"])
def test_the_better_measure_is_shown_and_said(tmp_path: Path, better: str) -> None:
    make_run(tmp_path / "a", [0.4, 0.5], strategy="DS")
    high, low = [0.4, 0.55], [0.45, 0.53]
    for seed in range(2):
        qbc(tmp_path / f"e{seed}", high if better == "entropy" else low, seed=seed)
        worse = low if better == "entropy" else high
        qbc(tmp_path / f"v{seed}", worse, variation=True, seed=seed)
    found = joined(tmp_path)
    assert [one.label for one in found.series] == ["DS", LABEL]
    assert [run.name for run in found.series[1].runs] == [f"{better[0]}0", f"{better[0]}1"]
    named = (ENTROPY, VARIATION) if better == "entropy" else (VARIATION, ENTROPY)
    assert found.notes[0].startswith(
        f"QBC is shown as the better of its two measures, as DEAL does: {named[0]} with 55.00 "
        f"rather than {named[1]} with 53.00 % mIoU in round 1, a mean over 2 seeds."
    )


def test_equal_measures_are_said_to_be_equal(tmp_path: Path) -> None:
    qbc(tmp_path / "e", [0.4, 0.50001])
    qbc(tmp_path / "v", [0.4, 0.5], variation=True)
    found = joined(tmp_path)
    assert found.notes == (
        f"QBC is shown by {ENTROPY}; {VARIATION} is equally good: 50.00 % mIoU in round 1, a mean "
        "over 1 seed.",
    )


def test_only_seeds_and_rounds_that_both_have_decide(tmp_path: Path) -> None:
    qbc(tmp_path / "e0", [0.4, 0.5, 0.9])
    qbc(tmp_path / "e1", [0.4, 0.9], seed=1)
    qbc(tmp_path / "v0", [0.4, 0.6], variation=True)
    found = joined(tmp_path)
    assert [run.name for one in found.series for run in one.runs] == ["v0"]
    assert "60.00 rather than" in found.notes[0]
    assert "round 1, a mean over 1 seed." in found.notes[0]


def test_what_differs_in_more_is_not_joined(tmp_path: Path) -> None:
    qbc(tmp_path / "e", [0.4, 0.5])
    qbc(tmp_path / "v", [0.4, 0.6], variation=True, count=10)
    found = joined(tmp_path)
    assert [one.label for one in found.series] == [ENTROPY, VARIATION]
    assert found.notes[0].startswith("QBC is not joined: there are no runs of mc_dropout with both")
    make_run(tmp_path / "u", [None, None], strategy="DS")
    assert len(joined(tmp_path).series) == 3


def test_runs_without_a_measurement_are_not_joined(tmp_path: Path) -> None:
    qbc(tmp_path / "e", [None, None])
    qbc(tmp_path / "v", [0.4, 0.6], variation=True)
    found = joined(tmp_path)
    assert len(found.series) == 2
    assert "have no measured round and seed in common, so they are not joined" in found.notes[0]


def test_report_and_comparison_join_them_if_asked(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "runs/a", [0.4, 0.5], strategy="DS")]
    runs += [
        qbc(tmp_path / "runs/e", [0.4, 0.5]),
        qbc(tmp_path / "runs/v", [0.4, 0.6], variation=True),
    ]
    apart = build_report(runs, tmp_path / "apart", strips=0)
    assert [row.strategy for row in apart.rows] == ["DS", ENTROPY, VARIATION]
    report = build_report(runs, tmp_path / "report", strips=0, qbc=True)
    assert [row.strategy for row in report.rows] == ["DS", LABEL]
    assert any("better of its two measures" in note for note in report.notes)
    compared = build_comparison(runs, tmp_path / "compare", qbc=True)
    assert set(compared.comparison.labels) == {"DS", LABEL}
    assert any("better of its two measures" in note for note in compared.notes)
