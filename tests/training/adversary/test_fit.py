"""Training an adversary: what it learns, the order of updates, and interruptions."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from raysal.data.decode import decode_image, encode_png
from raysal.data.labels import write_labels
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.pool import Pool
from raysal.data.pool.sources import Source
from raysal.data.pool.writer import write_pool
from raysal.errors import CheckpointError, DataError, TrainingError
from raysal.inference.predict import predict, to_tensor
from raysal.models.adversary import FILE, digest, load_adversary, shrink_images, to_unit
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE as MODEL_FILE
from raysal.models.checkpoint import load_model, save_model
from raysal.models.config import ModelConfig
from raysal.models.state_file import load_state, save_state
from raysal.models.vae import VAE, Discriminator, ImageEncoder
from raysal.training.adversary.config import AdversaryConfig, RankedAdversaryConfig
from raysal.training.adversary.fit import fit_adversary
from raysal.training.adversary.images import batch_indices, read_small, unlabelled_rows
from raysal.training.adversary.job import AdversaryJob
from raysal.training.config import TrainConfig
from raysal.training.fit import LAST
from raysal.training.job import EpochReport
from raysal.training.report import REPORT
from raysal.training.world import World
from tests.support.damage import cut_in_pool
from tests.support.labels import whole_image
from tests.support.shallow_network import SHALLOW

ALONE = World.alone(torch.device("cpu"))
SIZE = (32, 48)
TINY: dict[str, Any] = {"side": 16, "latent": 4, "width": 4, "batch_size": 4}
MakeJob = Callable[..., AdversaryJob]


class KilledError(Exception):
    """Simulates the end of the process."""


def picture(number: int) -> bytes:
    """Noise and stripes, which are vertical in the first six images and horizontal in the others.

    The first are also darker, but batch norm hides that from the networks.
    """
    stripes = np.indices(SIZE)[1 if number < 6 else 0] // 6 % 2
    noise = np.random.default_rng(number).integers(0, 60, (*SIZE, 3))
    level = 20 if number < 6 else 100
    return encode_png((level + 60 * stripes[..., None] + noise).astype(np.uint8))


SOURCES = [Source(f"{n:02d}", lambda n=n: picture(n)) for n in range(20)]


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pool]:
    """Pools of the same twenty images, in row groups of 4 and of 16."""
    root = tmp_path_factory.mktemp("pools")
    return {
        str(rows): write_pool(SOURCES, str(root / str(rows)), row_group_images=rows)
        for rows in (4, 16)
    }


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task model with random weights and a rating head."""
    folder = tmp_path_factory.mktemp("rated")
    config = ModelConfig(**SHALLOW, rating_stages="four").resolved(frozenset())
    palette = ((0, 0, 0), (1, 1, 1))
    save_model(folder / MODEL_FILE, build_model(config, 2, 0), ("a", "b"), palette, SIZE)
    return folder


@pytest.fixture
def make_job(pools: dict[str, Pool], rated: Path, tmp_path: Path) -> MakeJob:
    """A training in which the first six images are labelled."""

    def make(out: str = "out", *, ranked: bool = False, rows: int = 4, **config: Any) -> Any:
        (tmp_path / out).mkdir(exist_ok=True)
        labels = tmp_path / "labels"
        if not labels.exists():
            labels.mkdir()
            nothing = np.zeros(SIZE, np.uint8)
            write_labels(labels, (whole_image(f"{n:02d}", nothing) for n in range(6)))
        kind = RankedAdversaryConfig if ranked else AdversaryConfig
        pool = pools[str(rows)]
        return AdversaryJob(
            pool=pool,
            label_folders=(labels,),
            candidates=Candidates((0, 0), None, frozenset(f"{n:02d}" for n in range(6)), 14),
            size=SIZE,
            model=rated if ranked else None,
            config=kind(**TINY | {"steps": 6} | config),
            task=TrainConfig(precision="fp32"),
            out=tmp_path / out,
            seed=3,
            round_index=1,
        )

    return make


def trained(job: AdversaryJob) -> str:
    fit_adversary(job, ALONE)
    return digest(load_adversary(job.out))


def logits(job: AdversaryJob, numbers: range) -> torch.Tensor:
    ids = {f"{n:02d}" for n in numbers}
    images = read_small(job.pool.fetch(ids), "any", SIZE, 16).images_NDSS
    with torch.inference_mode():
        return load_adversary(job.out)(images)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_it_distinguishes_vertical_from_horizontal_stripes(make_job: MakeJob) -> None:
    job = make_job(steps=100, beta=0.0, weight=0.0, width=8)
    reports: list[EpochReport] = []
    fit_adversary(job, ALONE, reports.append)
    assert [r.epoch for r in reports] == list(range(10, 101, 10))
    chance = 2 * math.log(2)
    assert sum(r.loss for r in reports[5:]) / 5 < 0.75 * chance
    assert logits(job, range(6, 20)).isfinite().all()
    assert names(job.out) == {FILE, REPORT}
    report = json.loads((job.out / REPORT).read_text())
    assert (report["labelled"], report["unlabelled"], report["steps"]) == (6, 14, 100)
    assert report["history"][-1]["vae_loss"] < report["history"][0]["vae_loss"]
    assert report["bad_images"] == []


@pytest.mark.parametrize("ranked", [False, True], ids=["vaal", "tavaal"])
def test_reproducible_and_unchanged_by_interruptions(ranked: bool, make_job: MakeJob) -> None:
    whole = make_job("whole", ranked=ranked)
    expected = trained(whole)
    torch.manual_seed(9)
    assert trained(make_job("again", ranked=ranked, rows=16)) == expected
    assert trained(replace(make_job("other", ranked=ranked), seed=4)) != expected
    job = make_job("cut", ranked=ranked)
    seen: list[int] = []

    def stop(report: EpochReport) -> None:
        seen.append(report.epoch)
        if len(seen) in (2, 5):
            raise KilledError

    for _ in range(2):
        with pytest.raises(KilledError):
            fit_adversary(job, ALONE, stop)
        assert LAST in names(job.out)
    fit_adversary(job, ALONE, stop)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert digest(load_adversary(job.out)) == expected
    assert (job.out / REPORT).read_text() == (whole.out / REPORT).read_text()
    # A finished training is not changed.
    before = (job.out / FILE).stat().st_mtime_ns
    fit_adversary(job, ALONE, stop)
    assert (job.out / FILE).stat().st_mtime_ns == before


def test_a_damaged_progress_file_restarts_the_training(make_job: MakeJob) -> None:
    expected = trained(make_job("whole"))
    job = make_job("cut")
    (job.out / LAST).write_bytes(b"PK\x03\x04 no state")
    assert trained(job) == expected


class Seen:
    """Records the batches that the networks see while a block runs, in order.

    Each update of the VAE or the discriminator sees labelled images, then unlabelled ones.
    """

    def __init__(self) -> None:
        self.images: list[torch.Tensor] = []
        """To the encoder."""
        self.decoder_ranks: list[torch.Tensor | None] = []
        """To the VAE."""
        self.ranks: list[torch.Tensor | None] = []
        """To the discriminator, by the updates of both."""

    def __enter__(self) -> Seen:
        self.hook = register_module_forward_pre_hook(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self.hook.remove()

    def _note(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, ImageEncoder):
            self.images.append(inputs[0])
        elif isinstance(module, VAE):
            self.decoder_ranks.append(inputs[2])
        elif isinstance(module, Discriminator):
            self.ranks.append(inputs[1])


def test_two_updates_of_the_vae_then_one_on_the_second_batch(make_job: MakeJob) -> None:
    with Seen() as seen:
        fit_adversary(make_job(steps=3), ALONE)
    assert seen.decoder_ranks == [None] * 3 * 4
    assert seen.ranks == [None] * 3 * 6
    labelled, others = [], []
    for step in range(3):
        first, second, judged = (seen.images[6 * step + k : 6 * step + k + 2] for k in (0, 2, 4))
        for kind in (0, 1):
            assert not torch.equal(first[kind], second[kind])
            assert torch.equal(second[kind], judged[kind])
        labelled += [first[0], second[0]]
        others += [first[1], second[1]]
    brightness = torch.cat(labelled).mean((1, 2, 3))
    assert brightness.max() < torch.cat(others).mean((1, 2, 3)).min()
    # Six batches of four: every labelled image four times.
    assert sorted(brightness.unique(return_counts=True)[1].tolist()) == [4] * 6


@pytest.mark.parametrize("d_rank", ["raw", "sigmoid"])
def test_ranks_are_the_task_models_but_for_the_first_step(d_rank: str, make_job: MakeJob) -> None:
    job = make_job(steps=3, ranked=True, d_rank=d_rank)
    with Seen() as seen:
        fit_adversary(job, ALONE)
    assert (len(seen.decoder_ranks), len(seen.ranks)) == (3 * 2, 3 * 4)
    for step, kind in itertools.product(range(3), (0, 1)):
        decoder_rank_B = seen.decoder_ranks[2 * step + kind]
        rank_B, judged_B = (seen.ranks[4 * step + k + kind] for k in (0, 2))
        assert torch.equal(rank_B, judged_B)
        assert len(set(rank_B.tolist())) >= 2
        told_B = rank_B.sigmoid() if step and d_rank == "raw" else rank_B
        torch.testing.assert_close(told_B, decoder_rank_B)
        assert (decoder_rank_B > 0).all()
        assert (decoder_rank_B < 1).all()
    # Ratings of the unlabelled images by the task model; random numbers in the first step only.
    rows = unlabelled_rows(job.pool, job.candidates, (), 99, 0)
    model = load_model(job.model).model
    images = to_tensor([decode_image(row.data, SIZE) for row in rows])
    ratings = predict(model, images, "fp32").rating_B.tolist()

    def off(ranks: list[torch.Tensor]) -> list[float]:
        told = torch.cat(ranks).logit().tolist()
        return [min(abs(r - d) for d in ratings) for r in told]

    assert max(off(seen.decoder_ranks[3::2])) < 1e-4
    assert max(off(seen.decoder_ranks[1:2])) > 1e-4


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"steps": 7}, 7),
        # 100 epochs of two batches of four.
        ({"steps": "task"}, 200),
        # 3 times 20 images in batches of 4, and of the task's 8.
        ({"steps": "epochs", "epochs": 3}, 15),
        ({"steps": "epochs", "epochs": 3, "batch_size": "task"}, 8),
        ({"steps": "epochs", "epochs": 10_000}, 20_000),
    ],
)
def test_number_of_steps(settings: dict[str, Any], steps: int, make_job: MakeJob) -> None:
    job = replace(make_job(**settings), task=TrainConfig(epochs=100, batch_size=4))
    if settings.get("batch_size") == "task":
        job = replace(job, task=TrainConfig(epochs=100, batch_size=8))
    assert job.steps(6, 14) == steps
    pool_long = replace(job, task=job.task.model_copy(update={"length": "pool_epochs"}))
    whole = 100 * -(-job.pool.images // 4)
    assert pool_long.steps(6, 14) == (whole if settings["steps"] == "task" else steps)


def test_the_papers_schedules_are_the_defaults() -> None:
    vaal, tavaal = AdversaryConfig(), RankedAdversaryConfig()
    assert (vaal.vae_steps, vaal.steps, vaal.shape.rank) == (2, "task", "none")
    assert (tavaal.vae_steps, tavaal.steps, tavaal.shape.rank) == (1, "epochs", "raw")
    for config in (vaal, tavaal):
        assert (config.lr, config.beta, config.weight, config.kl) == (5e-4, 1, 1, "mean")
        assert (config.side, config.latent, config.epochs) == (64, 128, 100)


@pytest.mark.parametrize("kl", ["mean", "sum"])
def test_a_loss_that_is_not_finite_is_one_clear_line(kl: str, make_job: MakeJob) -> None:
    job = make_job(lr=1e25, kl=kl)
    with pytest.raises(TrainingError, match=r"acquisition\.adversary\.lr \(1e\+25\)") as caught:
        fit_adversary(job, ALONE)
    said = str(caught.value)
    assert "\n" not in said
    assert "no longer finite in step" in said
    assert "(round 1)" in said
    assert ("kl=mean" in said) == (kl == "sum")
    assert FILE not in names(job.out)


def test_weights_that_are_not_finite_are_found_even_if_losses_are(
    make_job: MakeJob,
) -> None:
    """Such as the running variance of a batch norm, which training does not use."""
    job = make_job(steps=2, vae_steps=1)

    def stop(report: EpochReport) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        fit_adversary(job, ALONE, stop)
    state = load_state(job.out / LAST)
    variance = next(k for k in state["weights"] if k.endswith("running_var"))
    state["weights"][variance].fill_(torch.inf)
    save_state(job.out / LAST, state)
    with pytest.raises(TrainingError, match=r"weights are no longer finite in step 2 of 2"):
        fit_adversary(job, ALONE)
    assert names(job.out) == {LAST}


def test_an_image_is_judged_as_in_a_batch_of_unlabelled_ones(make_job: MakeJob) -> None:
    """The statistics for judging an image are the means over batches of unlabelled images."""
    job = make_job(steps=10)
    fit_adversary(job, ALONE)
    encoder = load_adversary(job.out).encoder
    rows = unlabelled_rows(job.pool, job.candidates, (), 99, 0)
    images = read_small(rows, "any", SIZE, 16).images_NDSS
    first, norm = encoder.convolve[0], encoder.convolve[1]
    with torch.no_grad():
        channels = first(to_unit(images))
    # Each of the 14 images once, and two of them twice, in four batches of four.
    spread = float(channels.mean((2, 3)).std(0).max())
    expected = channels.mean((0, 2, 3))
    torch.testing.assert_close(norm.running_mean, expected, rtol=0, atol=spread)
    assert int(norm.num_batches_tracked) == 4


def test_no_unlabelled_image_is_left(make_job: MakeJob) -> None:
    job = make_job()
    gone = frozenset(job.pool.ids())
    empty = replace(job, candidates=Candidates((0, 0), None, gone, 0))
    with pytest.raises(DataError, match="no unlabelled image to train the adversary on: there is"):
        fit_adversary(empty, ALONE)
    # Partly labelled candidates do not count as unlabelled images.
    partly = replace(job, candidates=Candidates((0, 0), None, gone - {"00", "01"}, 2))
    with pytest.raises(DataError, match="no unlabelled image"):
        fit_adversary(partly, ALONE)


def test_a_model_without_a_rating_head(make_job: MakeJob, tmp_path: Path) -> None:
    config = ModelConfig(weights="none").resolved(frozenset())
    (tmp_path / "plain").mkdir()
    save_model(
        tmp_path / "plain" / MODEL_FILE,
        build_model(config, 2, 0),
        ("a", "b"),
        ((0, 0, 0), (1, 1, 1)),
        SIZE,
    )
    job = replace(make_job(ranked=True), model=tmp_path / "plain")
    with pytest.raises(CheckpointError, match=r"train with model\.rating_stages=four"):
        fit_adversary(job, ALONE)


def test_unreadable_images_are_named(make_job: MakeJob, tmp_path: Path) -> None:
    write_pool(SOURCES, str(tmp_path / "pool"), row_group_images=4)
    cut_in_pool(tmp_path / "pool", "11")
    job = replace(make_job(steps=2), pool=Pool.open(str(tmp_path / "pool")))
    fit_adversary(job, ALONE)
    report = json.loads((job.out / REPORT).read_text())
    assert report["unlabelled"] == 13
    assert [problem["image_id"] for problem in report["bad_images"]] == ["11"]
    assert report["bad_images"][0]["reason"]
    only = frozenset(job.pool.ids()) - {"11"}
    out = make_job("none").out
    job = replace(job, out=out, candidates=Candidates((0, 0), None, only, 1))
    with pytest.raises(DataError, match=r"no unlabelled image .* '11' and all others"):
        fit_adversary(job, ALONE)


# --- Reading -----------------------------------------------------------------------------


def test_of_a_large_pool_some_row_groups_are_read(make_job: MakeJob) -> None:
    job = make_job(unlabelled=3, steps=2)
    drawn = []
    for seed in range(6):
        rows = unlabelled_rows(job.pool, job.candidates, (), 3, seed)
        found = read_small(rows, "any", SIZE, 16, most=3)
        assert len(found) == 3
        assert list(found.ids) == sorted(found.ids)
        assert all(i in job.candidates for i in found.ids)
        # Of the five units, the second holds two candidates, the last three have four.
        assert len({int(image_id) // 4 for image_id in found.ids}) <= 2
        drawn.append(found.ids)
    assert len(set(drawn)) > 1
    fit_adversary(job, ALONE)
    assert json.loads((job.out / REPORT).read_text())["unlabelled"] == 3


def test_small_images_are_those_of_the_working_size(make_job: MakeJob) -> None:
    job = make_job()
    rows = list(job.pool.fetch({"03", "12"}))
    found = read_small(rows[::-1], "any", SIZE, 16)
    assert found.ids == ("03", "12")
    decoded = [decode_image(row.data, SIZE) for row in rows]
    assert torch.equal(found.images_NDSS, shrink_images(decoded, 16))


def test_batches_cycle_through_all_images() -> None:
    places = torch.cat([batch_indices(5, 3, 7, index) for index in range(10)])
    for epoch in range(6):
        assert sorted(places[5 * epoch : 5 * epoch + 5].tolist()) == [0, 1, 2, 3, 4]
    orders = {tuple(places[5 * e : 5 * e + 5].tolist()) for e in range(6)}
    assert len(orders) > 3
    assert torch.equal(batch_indices(5, 3, 7, 4), places[12:15])
    assert not torch.equal(batch_indices(50, 3, 8, 4), batch_indices(50, 3, 7, 4))
    # Fewer images than a batch holds: some are repeated.
    assert set(batch_indices(2, 7, 0, 0).tolist()) == {0, 1}
