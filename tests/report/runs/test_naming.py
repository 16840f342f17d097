"""What the runs of sweeps with named variants are called."""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from raysal.progress import Silent
from raysal.report.build import build_report
from raysal.report.compare.build import build_comparison
from raysal.report.runs.read import read_runs
from raysal.report.runs.series import group, place_of
from raysal.report.show.models import ShownModel, _labels
from raysal.sweep.claim import claim_folder
from raysal.sweep.layout import SweepLayout
from raysal.sweep.trials import load_sweep
from raysal.sweep.variants import variants_of
from tests.support.commands import Raysal
from tests.support.fabricate import make_full, make_run, make_trial
from tests.support.tiny_sweep import write_sweep

DE: dict[str, Any] = {"strategy": "DE", "acquisition": {"name": "de"}}
WITHOUT_PAM: dict[str, Any] = {**DE, "config": {"model": {"difficulty": {"pam": False}}}}


def labels(*runs: Path) -> list[tuple[str, int]]:
    return [(one.label, len(one.runs)) for one in group(read_runs(runs))]


def pam(
    sweep: Path, *seeds: int, with_pam: str = "DE", without: str = "DE_without_PAM"
) -> list[Path]:
    """Trials as those of DEAL's Fig. 8b."""
    return [
        make_trial(sweep, name, [0.4, 0.5], seed=seed, **settings)
        for name, settings in ((with_pam, DE), (without, WITHOUT_PAM))
        for seed in seeds
    ]


def test_trials_are_called_as_the_user_called_their_variants(tmp_path: Path) -> None:
    assert labels(*pam(tmp_path / "s", 0, 1)) == [("DE", 2), ("DE_without_PAM", 2)]


def test_report_and_comparison_speak_of_variants(tmp_path: Path) -> None:
    runs = pam(tmp_path / "s", 0, 1, 2)
    report = build_report(runs, tmp_path / "report", strips=0)
    assert [row.strategy for row in report.rows] == ["DE", "DE_without_PAM"]
    page = html.unescape(report.page.read_text())
    assert "pam=False" not in page
    assert "What the variants of the sweep change" in page
    for file in ("curve.csv", "rounds.csv", "iou.csv", "class_entropy.csv", "strategies.csv"):
        assert "DE_without_PAM" in (tmp_path / "report" / file).read_text(), file
    compared = build_comparison([tmp_path / "s"], tmp_path / "compare", against="DE_without_PAM")
    assert set(compared.comparison.labels) == {"DE", "DE_without_PAM"}
    assert compared.comparison.rival == "DE_without_PAM"


def test_variants_of_one_name_in_two_sweeps_are_told_apart_by_their_settings(
    tmp_path: Path,
) -> None:
    runs = [
        make_trial(tmp_path / f"b{budget}", "CPRAL", [0.5], config={"al": {"budget": budget}})
        for budget in (20, 40)
    ]
    assert labels(*runs) == [("CPRAL, al.budget=20", 1), ("CPRAL, al.budget=40", 1)]


def test_the_same_variant_of_two_sweeps_is_one(tmp_path: Path) -> None:
    runs = [*pam(tmp_path / "s", 0), *pam(tmp_path / "more", 1)]
    assert labels(*runs) == [("DE", 2), ("DE_without_PAM", 2)]


def test_one_experiment_does_not_come_under_two_names(tmp_path: Path) -> None:
    runs = [*pam(tmp_path / "s", 0), *pam(tmp_path / "t", 1, with_pam="with", without="bare")]
    apart = [("DE, model.difficulty.pam=None", 2), ("DE, model.difficulty.pam=False", 2)]
    assert labels(*runs) == apart
    plain = make_run(tmp_path / "plain", [0.4], seed=5, **DE)
    assert labels(*pam(tmp_path / "u", 0, with_pam="with"), plain) == [
        ("DE", 2),
        ("DE_without_PAM", 1),
    ]


def test_variants_of_one_sweep_with_the_same_settings_stay_two(tmp_path: Path) -> None:
    runs = [make_trial(tmp_path / "s", name, [0.5], **DE) for name in ("a", "b")]
    assert labels(*runs) == [("a", 1), ("b", 1)]


def test_a_variant_on_all_images_has_its_name(tmp_path: Path) -> None:
    trial = make_trial(
        tmp_path / "s", "Full", [0.7], images=[400], config={"al": {"initial": "all"}}
    )
    (one,) = group(read_runs([trial]))
    assert (one.label, one.full) == ("Full", True)
    random: dict[str, Any] = {"strategy": "Random", "acquisition": {"name": "random"}}
    runs = [trial, make_trial(tmp_path / "s", "R", [0.4], **random)]
    page = build_report(runs, tmp_path / "out", strips=0).page.read_text()
    assert "Full: what a model reaches that is trained on all images." in page
    assert labels(make_full(tmp_path / "plain", 0.7)) == [("All images", 1)]


def test_a_strategy_is_found_by_its_own_name_too(tmp_path: Path) -> None:
    random: dict[str, Any] = {"strategy": "Random", "acquisition": {"name": "random"}}
    runs = [make_trial(tmp_path / "s", "lots", [0.4], **random), *pam(tmp_path / "s", 0)]
    series = group(read_runs(runs))
    assert [place_of(name, series) for name in ("lots", "Random", "DE")] == [0, 0, 1]


@pytest.mark.parametrize("loss", ["moved", "damaged", "missing"])
def test_without_a_definition_runs_are_called_by_their_strategy(tmp_path: Path, loss: str) -> None:
    runs = pam(tmp_path / "s", 0)
    if loss == "moved":
        runs = [Path(shutil.move(run, tmp_path / f"r{i}")) for i, run in enumerate(runs)]
    elif loss == "damaged":
        (tmp_path / "s" / "sweep.yaml").write_text("sweep: {variants")
    else:
        (tmp_path / "s" / "sweep.yaml").unlink()
    assert [label.partition(",")[0] for label, _ in labels(*runs)] == ["DE", "DE"]


def test_the_definition_of_a_real_sweep_names_all_its_trials(tmp_path: Path) -> None:
    long = "a name, with spaces / and signs, of sixty letters in all ....."[:60]
    variants = {"DE": {}, "1e5": {"acquisition.levels": 12}, long: {"acquisition.levels": 6}}
    parameters = {"optim.lr": [0.1, 0.2], "acquisition.bins": ["unit", "image_range"]}
    settings = {"variants": variants, "parameters": parameters, "seeds": [0, 1]}
    sweep = load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path, settings))
    layout = SweepLayout(sweep.folder)
    layout.trials.mkdir(parents=True)
    claim_folder(sweep, layout, Silent())
    found = variants_of(trial.folder for trial in sweep.trials)
    assert [v.name for v in found if v] == [trial.values["variant"] for trial in sweep.trials]
    assert found[-1] is not None
    assert found[-1].settings == {"acquisition.levels": 6}


def test_models_side_by_side_are_called_as_their_variants(tmp_path: Path) -> None:
    one, other, without = pam(tmp_path / "s", 0, 1)[:3]
    models = [ShownModel(Mock(), run, "", None) for run in (one, other, without)]
    assert _labels(models) == ["DE, seed=0", "DE, seed=1", "DE_without_PAM"]
    assert _labels(models[:1]) == ["DE, seed=0"]


def test_status_tells_the_variant(raysal: Raysal, tmp_path: Path) -> None:
    (run, *_) = pam(tmp_path / "s", 0)
    assert "variant DE of the sweep s" in raysal("status", run).out


def test_the_terminal_cuts_off_no_name(tmp_path: Path, raysal: Raysal) -> None:
    names = [f"a_rather_long_name_of_a_variant_{i}" for i in range(2)]
    pam(tmp_path / "s", 0, with_pam=names[0], without=names[1])
    text = raysal("compare", tmp_path / "s", "--out", tmp_path / "out").done()
    assert "\u2026" not in text
    assert "Holm" not in text


def test_fractions_of_images_are_rounded_on_the_terminal(tmp_path: Path, raysal: Raysal) -> None:
    run = make_run(tmp_path / "r", [0.4, 0.5], images=[4, 4 + 4 / 9])
    raysal("report", run, "--strips", 0, "--out", tmp_path / "out").done("4 to 4.4 ")
