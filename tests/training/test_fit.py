"""Training: it learns, resumes bit by bit, and never leaves a broken model."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.data.labels import read_merged, write_labels
from raysal.errors import DataError, TrainingError
from raysal.inference.metrics import mean_iou
from raysal.models.checkpoint import FILE, load_model
from raysal.models.config import ModelConfig
from raysal.models.state_file import load_state
from raysal.training.evaluate import evaluate, read_samples
from raysal.training.fit import LAST, fit
from raysal.training.job import EpochReport, TrainJob
from raysal.training.report import REPORT
from raysal.training.world import World
from tests.support.faults import around_renames
from tests.support.labels import whole_image
from tests.support.shallow_network import MOBILENET, WIDE

ALONE = World.alone(torch.device("cpu"))
MakeJob = Callable[..., TrainJob]


class KilledError(Exception):
    """Simulates the end of the process."""


def stop_after(epoch: int) -> Callable[[EpochReport], None]:
    def on_epoch(report: EpochReport) -> None:
        if report.epoch == epoch:
            raise KilledError

    return on_epoch


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_loss_goes_down(make_job: MakeJob) -> None:
    wide = ModelConfig(**WIDE).resolved(frozenset({"difficulty"}))
    job = replace(make_job(plain=True, epochs=12, lr=0.02, checkpoint="last"), model=wide)
    reports: list[EpochReport] = []
    fit(job, ALONE, reports.append)
    losses = [report.loss for report in reports]
    assert [report.epoch for report in reports] == list(range(1, 13))
    assert losses[-1] < 0.5 * losses[0]
    assert names(job.out) == {FILE, REPORT}
    labels = [labelled.label for labelled in read_merged(job.label_folders).values()]
    counts = np.bincount(np.concatenate(labels).ravel(), minlength=256)[:11]
    assert load_model(job.out).class_pixels == tuple(counts.tolist())
    report = json.loads((job.out / REPORT).read_text())
    assert [entry["loss"] for entry in report["history"]] == losses
    assert (report["images"], report["checkpoint_epoch"], report["bad_images"]) == (4, 11, [])


def test_an_interrupted_training_ends_with_the_same_weights(make_job: MakeJob) -> None:
    whole = make_job("whole")
    fit(whole, ALONE)
    for cuts in ((1, 2), (3,)):
        job = make_job("cut" + "".join(map(str, cuts)))
        for epoch in cuts:
            torch.manual_seed(epoch)
            with pytest.raises(KilledError):
                fit(job, ALONE, stop_after(epoch))
            assert LAST in names(job.out)
        seen: list[int] = []
        fit(job, ALONE, lambda report, seen=seen: seen.append(report.epoch))
        assert seen == list(range(cuts[-1] + 1, 4))
        assert load_model(job.out).digest == load_model(whole.out).digest
        assert (job.out / REPORT).read_text() == (whole.out / REPORT).read_text()


def test_a_crash_between_two_files_ends_with_the_same_weights(make_job: MakeJob) -> None:
    """Best weights and progress are two files; either may be the last one written."""
    whole = make_job("whole", epochs=2, lr=0.05)
    fit(whole, ALONE)
    for survivors in range(4):
        job = make_job(f"cut{survivors}", epochs=2, lr=0.05)
        written = iter(range(survivors))

        def until_killed(target: Path, written: Iterator[int] = written) -> None:
            if target.suffix == ".pt" and next(written, None) is None:
                raise KilledError

        with around_renames(before=until_killed), contextlib.suppress(KilledError):
            fit(job, ALONE)
        fit(job, ALONE)
        assert load_model(job.out).digest == load_model(whole.out).digest, survivors
        assert (job.out / REPORT).read_text() == (whole.out / REPORT).read_text()
        assert names(job.out) == {FILE, REPORT}


@pytest.mark.parametrize("damage", ["truncated", "empty", "zeros"])
def test_a_damaged_progress_file_restarts_the_training(damage: str, make_job: MakeJob) -> None:
    job = make_job(epochs=2, checkpoint="last")
    with pytest.raises(KilledError):
        fit(job, ALONE, stop_after(1))
    data = (job.out / LAST).read_bytes()
    cut = {"truncated": data[: len(data) // 2], "empty": b"", "zeros": bytes(len(data))}[damage]
    (job.out / LAST).write_bytes(cut)
    seen: list[int] = []
    fit(job, ALONE, lambda report: seen.append(report.epoch))
    assert seen == [1, 2]


def test_a_finished_training_is_not_repeated(make_job: MakeJob) -> None:
    job = make_job(epochs=1, checkpoint="last")
    fit(job, ALONE)
    before = (job.out / FILE).stat().st_mtime_ns
    fit(job, ALONE, stop_after(1))
    assert (job.out / FILE).stat().st_mtime_ns == before


def test_a_loss_that_is_not_finite_stops_without_a_broken_checkpoint(make_job: MakeJob) -> None:
    job = make_job(lr=1e30, epochs=4)
    with pytest.raises(TrainingError, match=r"lower optim.lr") as caught:
        fit(job, ALONE)
    assert "\n" not in str(caught.value)
    assert FILE not in names(job.out)
    for name in names(job.out):
        state = load_state(job.out / name)
        weights = state.get("weights", state)
        assert all(value.isfinite().all() for value in weights.values()), name


def test_weights_that_are_not_finite_after_the_last_step_are_found(make_job: MakeJob) -> None:
    """One epoch of one step: the loss is finite, but the weights after it are not."""
    deep = ModelConfig(**MOBILENET).resolved(frozenset({"difficulty"}))
    job = replace(make_job(lr=3e37, epochs=1, checkpoint="last"), model=deep)
    with pytest.raises(TrainingError, match=r"weights are no longer finite .* lower optim.lr"):
        fit(job, ALONE)
    assert names(job.out) == set()


def test_the_best_weights_by_validation_are_kept(make_job: MakeJob) -> None:
    job = make_job(epochs=4, lr=0.05)
    reports: list[EpochReport] = []
    fit(job, ALONE, reports.append)
    scores = [report.val_miou for report in reports]
    report = json.loads((job.out / REPORT).read_text())
    assert report["checkpoint_epoch"] == scores.index(max(scores))
    assert report["val_miou"] == max(scores)
    samples = read_samples(job.dataset, job.dataset.items("val"), [])
    confusion = evaluate(load_model(job.out).model, samples, 11, 2, "fp32", ALONE.device)
    assert mean_iou(confusion) == pytest.approx(max(scores), abs=1e-6)
    assert names(job.out) == {FILE, REPORT}


def test_validates_at_the_interval_and_at_the_end(make_job: MakeJob) -> None:
    job = make_job(epochs=3, validate_every=2)
    reports: list[EpochReport] = []
    fit(job, ALONE, reports.append)
    assert [report.val_miou is not None for report in reports] == [False, True, True]


def test_one_labelled_image_fills_a_batch(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(epochs=1, checkpoint="last", batch_size=2)
    item = job.dataset.items("train")[0]
    (tmp_path / "one").mkdir()
    write_labels(tmp_path / "one", [whole_image(item.image_id, job.dataset.label(item))])
    fit(replace(job, label_folders=(tmp_path / "one",)), ALONE)
    assert json.loads((job.out / REPORT).read_text())["images"] == 1


def test_labels_of_another_size_are_refused(make_job: MakeJob) -> None:
    job = make_job()
    other = job.dataset.model_copy(update={"size": (48, 32)})
    with pytest.raises(DataError, match=r"is 32x48, the working size is 48x32"):
        fit(replace(job, dataset=other), ALONE)
