"""Whole sweeps in this process: results, resuming, changes between runs, failures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from raysal.errors import ConfigError, DataError, RunError
from raysal.experiment.changeable import note_current
from raysal.experiment.layout import RunLayout
from raysal.progress import Silent
from raysal.report.build import build_report
from raysal.report.compare.build import build_comparison
from raysal.report.sweep.build import build_sweep_report
from raysal.storage.lock import locked
from raysal.storage.seal import sealed
from raysal.sweep.layout import records_of
from raysal.sweep.results import TrialResult
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import Sweep, load_sweep
from tests.support.tiny_sweep import TRIALS, write_sweep


class Interrupted(BaseException):
    """Simulates Ctrl-C: no code catches it."""


class Listener(Silent):
    """Keeps the messages; may interrupt the sweep at the n-th one that holds a word."""

    def __init__(self, word: str = "", times: int = 0) -> None:
        self.lines: list[str] = []
        self.word, self.times = word, times

    def say(self, text: str) -> None:
        self.lines.append(text)
        if self.times and self.word in text:
            self.times -= 1
            if self.times == 0:
                raise Interrupted


def written(root: Path) -> dict[str, int]:
    """Times at which the stages of all trials were committed."""
    stages = root.glob("trials/*/rounds/*/*/stage.json")
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in stages}


def numbers(results: tuple[TrialResult, ...]) -> list[tuple[Any, ...]]:
    """The part of the results that must not depend on interruptions."""
    return [
        (r.trial.name, r.status, r.metric, [(x.labelled, x.miou) for x in r.records])
        for r in results
    ]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, tuple[TrialResult, ...]]:
    """The tiny sweep, without interruptions."""
    root = tmp_path_factory.mktemp("calm")
    sweep = load_sweep(write_sweep(root / "s.yaml", root))
    return sweep, run_sweep(sweep, Silent())


def test_results(calm: tuple[Sweep, tuple[TrialResult, ...]]) -> None:
    sweep, results = calm
    assert [(r.trial.name, r.status, len(r.records)) for r in results] == [
        (name, "finished", 2) for name in TRIALS
    ]
    table = pq.read_table(sweep.folder / "results.parquet")
    rows = table.to_pylist()
    assert [(row["trial"], row["param.acquisition.levels"], row["seed"]) for row in rows] == [
        ("levels=4,seed=0", 4, 0),
        ("levels=4,seed=1", 4, 1),
        ("levels=8,seed=0", 8, 0),
        ("levels=8,seed=1", 8, 1),
    ]
    for row, result in zip(rows, results, strict=True):
        first, last = (record.miou for record in records_of(sweep.folder / row["folder"]))
        assert row["metric"] == row["final_miou"] == result.metric == last
        assert row["auc_miou"] == pytest.approx((first + last) / 2)
        assert (row["status"], row["rounds"], row["problem"]) == ("finished", 2, None)
    curves = pq.read_table(sweep.folder / "curves.parquet").to_pylist()
    assert [row["images"] for row in curves] == [4, 8] * 4
    # Results differ between seeds; the first round does not depend on the levels.
    assert curves[0]["miou"] == curves[4]["miou"] != curves[2]["miou"]


def test_a_finished_sweep_does_nothing(calm: tuple[Sweep, tuple[TrialResult, ...]]) -> None:
    sweep, results = calm
    before, heard = written(sweep.folder), Listener()
    assert numbers(run_sweep(sweep, heard)) == numbers(results)
    assert written(sweep.folder) == before
    assert heard.lines == ["4 of 4 trials are done"]


@pytest.mark.slow
def test_interrupted_and_resumed(
    tmp_path: Path, calm: tuple[Sweep, tuple[TrialResult, ...]]
) -> None:
    sweep = load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path))
    with pytest.raises(Interrupted):
        run_sweep(sweep, Listener("round 0", times=3))
    statuses = [
        row["status"] for row in pq.read_table(sweep.folder / "results.parquet").to_pylist()
    ]
    assert statuses == ["finished", "finished", "unfinished", "unfinished"]
    before, heard = written(sweep.folder), Listener()
    # Two trials with two rounds; of the third the first round.
    assert sum("record" in path for path in before) == 5
    assert numbers(run_sweep(sweep, heard)) == numbers(calm[1])
    after = written(sweep.folder)
    assert {path: after[path] for path in before} == before
    assert heard.lines[0] == "2 of 4 trials are done"


def test_values_and_seeds_may_be_added(tmp_path: Path) -> None:
    small = {"parameters": {"acquisition.levels": [4]}, "seeds": [0]}
    path = write_sweep(tmp_path / "s.yaml", tmp_path, small)
    run_sweep(load_sweep(path), Silent())
    root, heard = tmp_path / "tiny", Listener()
    before = written(root)
    more = ["sweep.parameters.acquisition.levels=[2, 4]", "sweep.metric=auc_miou"]
    results = run_sweep(load_sweep(path, more), heard)
    assert heard.lines[1] == "1 of 2 trials are done"
    assert [r.trial.name for r in results] == ["levels=2,seed=0", "levels=4,seed=0"]
    after = written(root)
    assert {path: after[path] for path in before} == before
    with pytest.raises(RunError) as refused:
        run_sweep(load_sweep(path, ["sweep.parameters.acquisition.levels=[2, 8]"]), Silent())
    assert "was made with another configuration" in str(refused.value)
    assert "was sweep.parameters.acquisition.levels: [2, 4]" in str(refused.value)
    assert "now sweep.parameters.acquisition.levels: [2, 8]" in str(refused.value)
    trial = results[0].trial
    al = trial.config.al.model_copy(update={"rounds": 3})
    # As `raysal run` does when it goes on with the trial.
    note_current(trial.config.model_copy(update={"al": al}), RunLayout(trial.folder))
    words = r"levels=2,seed=0 went on with other .*was al\.rounds: 2; now al\.rounds: 3.*move it"
    with pytest.raises(RunError, match=words):
        run_sweep(load_sweep(path, more), Silent())
    with pytest.raises(RunError, match=r"was train.epochs: 1; now train.epochs: 2"):
        run_sweep(load_sweep(path, [*more, "train.epochs=2"]), Silent())
    assert written(root) == after
    definition = root / "sweep.yaml"
    for lost in (False, True):  # An earlier version noted other fingerprints; or none are left.
        if lost:
            definition.unlink()
        else:
            noted = yaml.safe_load(definition.read_text())
            noted["trials"] = dict.fromkeys(noted["trials"], "0" * 32)
            definition.write_text(yaml.safe_dump(sealed(noted)))
        with pytest.raises(RunError, match=r"was made with another configuration"):
            run_sweep(load_sweep(path, [*more, "train.epochs=2"]), Silent())
        with pytest.raises(RunError, match=r"was made with another configuration"):
            run_sweep(load_sweep(path), Silent())
        heard = Listener()
        run_sweep(load_sweep(path, more), heard)
        was_missing = [f"{definition} was missing; written again"]
        assert heard.lines == [*(was_missing if lost else []), "2 of 2 trials are done"]
    assert written(root) == after


def test_before_the_first_model_anything_may_change(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "s.yaml", tmp_path)
    with pytest.raises(Interrupted):
        run_sweep(load_sweep(path), Listener("trials are done", times=1))
    heard = Listener("trials are done", times=1)
    with pytest.raises(Interrupted):
        run_sweep(load_sweep(path, ["al.budget=3"]), heard)
    assert heard.lines[0] == "the sweep has changed (was al.budget: 4; now al.budget: 3)"


@pytest.mark.slow
def test_a_trial_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    lr = {"parameters": {"optim.lr": [1e30, 0.01]}}
    path = write_sweep(tmp_path / "s.yaml", tmp_path, lr, train={"epochs": 2})
    heard = Listener()
    bad, good = run_sweep(load_sweep(path), heard)
    assert (bad.status, bad.metric, good.status) == ("failed", None, "finished")
    assert bad.problem is not None
    assert "lower optim.lr" in bad.problem
    assert f"lr=1e+30,seed=0: failed: {bad.problem}" in heard.lines
    # A second run retries only the failed trial.
    heard = Listener()
    assert run_sweep(load_sweep(path), heard)[0].problem == bad.problem
    assert heard.lines[0] == "1 of 2 trials are done"
    # A trial without a model may be removed, because nothing is lost.
    rest = run_sweep(load_sweep(path, ["sweep.parameters.optim.lr=[0.01]"]), Silent())
    assert [(r.trial.name, r.status) for r in rest] == [("lr=0.01,seed=0", "finished")]
    assert not bad.trial.folder.exists()
    report = build_sweep_report(load_sweep(path), (bad, good), tmp_path / "report")
    assert "1 failed" in str(report.table.rows[0])
    assert "1e+30" in report.notes[0]


def test_needs_of_all_trials_are_checked_first(tmp_path: Path) -> None:
    nowhere = {
        "name": "folder",
        "images": "no",
        "masks": "no",
        "classes": ["a", "b"],
        "size": [48, 64],
    }
    values = yaml.safe_load(write_sweep(tmp_path / "s.yaml", tmp_path).read_text())
    values["data"] = nowhere
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(DataError, match=r"data.images: no folder"):
        run_sweep(load_sweep(tmp_path / "s.yaml"), Silent())
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("change", ["sweep.scheduler=asha", "sweep.concurrency=2"])
def test_what_needs_ray(change: str, tmp_path: Path) -> None:
    sweep = load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path), [change])
    with pytest.raises(ConfigError, match=r"need engine.name=ray"):
        run_sweep(sweep, Silent())


def test_two_sweeps_on_one_folder(calm: tuple[Sweep, tuple[TrialResult, ...]]) -> None:
    sweep, _ = calm
    with locked(sweep.folder), pytest.raises(RunError) as refused:
        run_sweep(sweep, Silent())
    assert f"folder {sweep.folder} is in use by process {os.getpid()}" in str(refused.value)


def test_the_report(calm: tuple[Sweep, tuple[TrialResult, ...]], tmp_path: Path) -> None:
    sweep, results = calm
    made = build_sweep_report(sweep, results, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "compare.csv", "compare.json", "compare.png", "curves.csv", "curves.png", "curves.svg",
        "metric.csv", "metric.png", "metric.svg", "raysal-report.json", "strategies.csv",
        "sweep.html",
    ]  # fmt: skip
    for path in tmp_path.glob("*.png"):
        assert path.read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "sweep.html").read_text()
    assert "levels=8,seed=1" in page
    assert made.table.columns == ("levels", "final_miou", "std", "n", "trials")
    values = [100 * r.metric for r in results[:2] if r.metric is not None]
    assert made.table.rows[0][1] == f"{sum(values) / 2:.2f}"
    assert made.table.rows[0][2] == f"{abs(values[0] - values[1]) / 2**0.5:.2f}"
    assert made.table.rows[0][3:] == (2, "2 finished")
    assert "Which combination is better" in page
    # Its trials are runs, too.
    found = build_comparison([sweep.folder], tmp_path / "compare").comparison
    assert found.matched.seeds == (0, 1)
    assert [pair.n for pair in found.pairs] == [2]
    assert found.summary.startswith("No verdict")
    with pytest.raises(RunError, match=r"is a sweep: .*trials/\*"):
        build_report([sweep.folder], tmp_path)
    rows = build_report([t.folder for t in sweep.trials], tmp_path / "runs", strips=0).rows
    assert [(row.strategy, row.runs) for row in rows] == [
        ("DE, acquisition.levels=4", 2),
        ("DE, acquisition.levels=8", 2),
    ]
