"""Sweeps of the papers, run small on drawn street scenes as `configs/README.md` says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from raysal.progress import Silent
from raysal.sweep.results import TrialResult
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import load_sweep
from tests.support.paths import ROOT

README = (ROOT / "configs" / "README.md").read_text()


def small(regions: bool) -> list[str]:
    """The overrides that the README gives; its last line is for regions."""
    lines = re.search(r"    raysal sweep .*? --set name=small .*?\n\n", README, re.S)
    assert lines is not None
    kept = lines[0].rstrip().splitlines()
    words = shlex.split("\n".join(kept if regions else kept[:-1]).replace("\\", " "))
    return words[words.index("--set") + 1 :: 2]


def run(
    name: str, output: Path, only: list[str], *more: str, regions: bool
) -> dict[str, TrialResult]:
    """Run some variants on one thread, without Ray."""
    changes = [f"output={output}", f"sweep.only={only}".replace("'", "")]
    engine = ["engine.name=local", "engine.threads=1"]
    sweep = load_sweep(
        ROOT / "configs" / f"{name}.yaml", [*small(regions), *changes, *engine, *more]
    )
    results = run_sweep(sweep, Silent())
    assert all(result.status == "finished" for result in results), results
    return {result.trial.name: result for result in results}


@pytest.mark.slow
def test_the_branch_of_deal(tmp_path: Path) -> None:
    """Fig. 9b; the others differ from it in the strategy only."""
    results = run("deal_fig9b_branch", tmp_path, ["DS_late", "DE_early"], regions=False)
    for name, strategy in (("DS_late", "DS"), ("DE_early", "DE")):
        records = results[f"variant={name},seed=0"].records
        assert [record.labelled.images for record in records] == [8, 10]
        assert {record.strategy for record in records} == {strategy}
        assert {record.weights for record in records} == {"best_val"}


@pytest.mark.slow
def test_components_of_cpral(tmp_path: Path) -> None:
    """Fig. 6."""
    only = ["without_RGA", "Panoptic"]
    results = run("cpral_fig6_components", tmp_path, only, regions=True)
    assert len(results) == 2
    for result in results.values():
        assert result.records[-1].labelled.images == pytest.approx(10)


@pytest.mark.slow
def test_noise_of_cpral(tmp_path: Path) -> None:
    """Fig. 8; the others differ from it in what is switched off."""
    fewer = ["sweep.parameters.noise.rate=[0.4]", "rga.passes=4"]
    (result,) = run("cpral_fig8_noise", tmp_path, ["CPRAL"], *fewer, regions=True).values()
    first, last = result.records
    assert first.labelled.images == 8
    assert last.labelled.images == pytest.approx(10)
    assert last.strategy == "CPRAL"
    assert first.extension is not None
    assert first.extension.against == "clean"
    assert result.metric is not None
