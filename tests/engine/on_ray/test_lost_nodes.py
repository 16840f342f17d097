"""Nodes that are lost or join during the work: the results stay the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from raysal.models.checkpoint import load_model
from raysal.training.job import TrainJob
from tests.support.material import Material, make_train_job
from tests.support.simulated_nodes import Event, Plot, run_on_nodes
from tests.support.tallied_score import Tally, best, score_job


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_node_is_lost_while_scoring(
    material: Material, calm_picks: list[str], tmp_path: Path
) -> None:
    job = score_job(material, tmp_path / "out", 0.2)
    ending = run_on_nodes(Plot(job, (1, 1), (Event("remove", after=1),)), tmp_path / "plot")
    assert ending.error == ""
    assert ending.events[0] < len(job.pool.units), "there was nothing left to do"
    assert ending.nodes[0] in {report["node"] for report in ending.reports}
    assert sum(report["images"] for report in ending.reports) == job.pool.images
    assert best(job) == calm_picks


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_node_that_joins_while_scoring_is_used(
    material: Material, calm_picks: list[str], tmp_path: Path
) -> None:
    """Ray Data looks for new nodes every 20 s."""
    job = score_job(material, tmp_path / "out", 1.2)
    ending = run_on_nodes(Plot(job, (1,), (Event("add", after=1),)), tmp_path / "plot")
    assert ending.error == ""
    on_new = [report for report in ending.reports if report["node"] == ending.nodes[0]]
    assert sum(report["images"] for report in on_new) > 0
    assert len({report["worker"] for report in ending.reports}) == 2
    assert set(Tally(tmp_path / "out" / "tally").times().values()) == {1}
    assert best(job) == calm_picks


ENGINE = {"threads": 1, "no_progress_timeout_s": 60}


def with_two_workers(job: TrainJob) -> TrainJob:
    """The same training on two workers."""
    return replace(job, train=job.train.model_copy(update={"workers": 2}))


@pytest.fixture(scope="module")
def calm_weights(
    material: Material, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, torch.Tensor]:
    """The weights that two workers on two nodes train to if both nodes stay."""
    root = tmp_path_factory.mktemp("calm")
    job = with_two_workers(make_train_job(material, root))
    ending = run_on_nodes(Plot(job, (1, 1), (), ENGINE), root / "plot", 300)
    assert ending.error == ""
    assert ending.reports[-1]["loss"] < ending.reports[0]["loss"]
    assert ending.reports[-1]["val_miou"] is not None
    return load_model(job.out).model.state_dict()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_node_is_lost_while_training(
    train_job: TrainJob, calm_weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    """The remaining node has no room for the worker, so training waits for a new node."""
    job = with_two_workers(train_job)
    events = (Event("remove", 2), Event("add", 2, delay_s=8))
    ending = run_on_nodes(Plot(job, (0, 1), events, ENGINE), tmp_path / "plot", 300)
    assert ending.error == ""
    epochs = [report["epoch"] for report in ending.reports]
    assert ending.events[0] < len(epochs), "training was over before the node was lost"
    assert epochs[-1] == 6
    assert epochs.count(1) == 1, "it began again instead of going on"
    got = load_model(job.out).model.state_dict()
    assert all(torch.equal(calm_weights[name], got[name]) for name in calm_weights)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_room_is_left_for_training(train_job: TrainJob, tmp_path: Path) -> None:
    engine = {**ENGINE, "no_progress_timeout_s": 10}
    plot = Plot(with_two_workers(train_job), (0, 1), (Event("remove", 2),), engine)
    ending = run_on_nodes(plot, tmp_path / "plot", 300)
    assert ending.error.startswith("ClusterError: no room for train.workers=2 in 10 s")
    assert ending.error.count("\n") == 0
