"""Variants of a sweep: settings that change together, under a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysal.errors import ConfigError
from raysal.progress import Silent
from raysal.report.sweep.build import build_sweep_report
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import Sweep, load_sweep
from tests.support.tiny_sweep import write_sweep

VARIANTS: dict[str, Any] = {
    "DE": {},
    "DE 12": {"acquisition.levels": 12},
    "1e5": {"acquisition.name": "ds", "acquisition.uncertainty": "margin", "train.epochs": 2},
}


def load(tmp_path: Path, sweep: Any, *overrides: str) -> Sweep:
    return load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path, sweep), overrides)


def test_each_variant_changes_its_settings_only(tmp_path: Path) -> None:
    sweep = load(tmp_path, {"variants": VARIANTS, "seeds": [0, 1]})
    assert [trial.seed for trial in sweep.trials] == [0, 1] * 3
    plain, levels, ds = (trial.config for trial in sweep.trials[::2])
    assert (plain.acquisition.levels, levels.acquisition.levels) == (8, 12)
    assert (ds.acquisition.name, ds.acquisition.uncertainty) == ("ds", "margin")
    assert (plain.train.epochs, ds.train.epochs) == (1, 2)
    assert sweep.trials[0].name == "variant=DE,seed=0"
    assert len({trial.name for trial in sweep.trials}) == 6


def test_variants_with_parameters_and_only_some_of_them(tmp_path: Path) -> None:
    both = {"variants": VARIANTS, "parameters": {"optim.lr": [0.1, 0.2]}}
    sweep = load(tmp_path, both, "sweep.only=[1e5, DE]")
    assert [(trial.values["variant"], trial.config.optim.lr) for trial in sweep.trials] == [
        ("DE", 0.1),
        ("DE", 0.2),
        ("1e5", 0.1),
        ("1e5", 0.2),
    ]


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"variants": {"a": {"acquisition.levles": 1}}},
         "sweep, trial variant=a,seed=0: unknown key 'acquisition.levles'; did you mean 'levels'?"),
        ({"variants": {"a": {"seed": 1}}}, "sweep.variants.a: seeds go into sweep.seeds"),
        ({"variants": {"a": {"output": "x"}}}, "sweep.variants.a: output does not change what"),
        ({"variants": {"a": {"train.epochs": 1}}, "parameters": {"train.epochs": [1, 2]}},
         "sweep.variants.a: train.epochs is one of sweep.parameters, too"),
        ({"variants": VARIANTS, "only": ["DS"]}, "sweep.only: unknown variant 'DS'"),
        ({"variants": {"": {}}}, "at least 1 character"),
    ],
)  # fmt: skip
def test_mistakes(sweep: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, sweep)
    assert message in str(caught.value)


def test_run_and_report_and_a_variant_added_later(tmp_path: Path) -> None:
    some = load(tmp_path, {"variants": VARIANTS}, "sweep.only=[DE, 1e5]")
    assert [result.status for result in run_sweep(some, Silent())] == ["finished"] * 2
    sweep = load(tmp_path, {"variants": VARIANTS})
    results = run_sweep(sweep, Silent())
    assert [result.status for result in results] == ["finished"] * 3
    made = build_sweep_report(sweep, results, tmp_path / "report")
    assert [row[0] for row in made.table.rows] == list(VARIANTS)
    assert made.table.columns[0] == "variant"
    assert {"metric.png", "curves.png"} <= {path.name for path in made.written}
    assert "Best mean: " in made.page.read_text()
