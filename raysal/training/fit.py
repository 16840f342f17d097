"""Training one round's model, from the initial weights or from the last finished epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysal.config.seed import derive_seed
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.errors import CheckpointError, TrainingError
from raysal.inference.cores import cores
from raysal.inference.metrics import mean_iou
from raysal.inference.precision import Precision
from raysal.inference.predict import predict
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.frozen import frozen
from raysal.models.network import Network
from raysal.models.state_file import load_state, save_state
from raysal.training.evaluate import Samples, evaluate, to_batches
from raysal.training.job import EpochReport, TrainJob
from raysal.training.losses import count_known
from raysal.training.memory import kept_on
from raysal.training.report import REPORT, TrainReport, bad_images
from raysal.training.samples import Batches, Labelled, load_labelled
from raysal.training.scenes import load_labelled_scenes
from raysal.training.schedule import scheduled_lr
from raysal.training.steps import train_step
from raysal.training.world import World

LAST = "last.pt"
EVAL_BATCH = 8


@dataclass
class Progress:
    """Progress so far, saved with the weights; a crash costs at most one epoch."""

    epochs_done: int = 0
    best_epoch: int = -1
    best_miou: float = -math.inf
    history: list[dict[str, Any]] = field(default_factory=list)


def fit(
    job: TrainJob, world: World, on_epoch: Callable[[EpochReport], None] = lambda report: None
) -> None:
    """Train, and write `model.pt` and `train.json` to `job.out`.

    Every random choice is a function of (seed, round, epoch), so that training resumed
    after a crash ends with the same weights as uninterrupted training.

    Raises:
        DataError, PoolError, CheckpointError: an input cannot be used.
        TrainingError: the loss or a weight is no longer a finite number.
        OSError: no space left for a checkpoint.
    """
    if (job.out / REPORT).exists():
        return  # Written last: training is complete.
    seed = derive_seed(job.seed, "train", job.round_index)
    pool = Pool.open(job.pool_uri, IN_A_RUN)
    pixels = job.dataset.pixels
    labelled = _labelled(job, pool)
    classes = len(job.dataset.class_names)
    labelled.check_classes(classes)
    validation = _validation_share(job, world)
    model = build_model(job.model, classes, job.seed, size=job.dataset.input_size, pixels=pixels)
    model.place(world.device)
    optimizer = make_optimizer(model, job)
    progress = _restore(job.out, model, optimizer)
    wrapped = world.wrap(model)
    batches = Batches(
        labelled,
        job.train.images_per_epoch(len(labelled), pool.images * _views_of_image(job)),
        job.augment,
        job.train.batch_size,
        seed,
        world.rank,
        world.size,
        _loader_processes(job, world),
    )

    for epoch in range(progress.epochs_done, job.train.epochs):
        torch.manual_seed(derive_seed(seed, "dropout", epoch, world.rank))
        if model.rating is not None:
            model.rating.detached = epoch >= job.loss.rating.detach_after * job.train.epochs
        with kept_on(world.device):
            loss = _train_epoch(wrapped, optimizer, batches, epoch, job, world)
        miou = None
        if validation is not None and _validates(epoch, job):
            world.share_buffers(model)
            confusion = evaluate(
                frozen(model.eval()),  # As the trained model will be evaluated.
                validation,
                classes,
                EVAL_BATCH,
                job.train.precision,
                world.device,
            )
            miou = mean_iou(world.sum(confusion))
            if miou is not None and miou > progress.best_miou:
                progress.best_miou, progress.best_epoch = miou, epoch
                if world.rank == 0:
                    save_state(_best(job.out, epoch), _weights(model))
        progress.epochs_done = epoch + 1
        progress.history.append({"epoch": epoch, "loss": loss, "val_miou": miou})
        if world.rank == 0:
            _save_progress(job.out, model, optimizer, progress)
        on_epoch(EpochReport(epoch + 1, job.train.epochs, loss, miou))

    if world.rank == 0:
        bad = labelled.bad + (validation.bad if validation else [])
        _finish(job, model, progress, labelled, bad, world.device)


def _labelled(job: TrainJob, pool: Pool) -> Labelled:
    data = job.dataset
    if data.tile is not None:
        return load_labelled_scenes(pool, job.label_folders, data.size, data.tile, data.pixels)
    cache_bytes = job.train.cache_gib * 2**30
    return load_labelled(pool, job.label_folders, data.size, cache_bytes, data.pixels)


def _views_of_image(job: TrainJob) -> int:
    data = job.dataset
    return 1 if data.tile is None else len(data.tile.of(data.size))


def make_optimizer(model: Network, job: TrainJob) -> torch.optim.SGD:
    """SGD with a group for each part of the network; the schedule scales `initial_lr`."""
    factors = {"heads": job.optim.head_lr_mult, "rating": job.optim.rating_lr_mult}
    groups = [
        {"params": parameters, "initial_lr": job.optim.lr * factors.get(part, 1.0)}
        for part, parameters in model.parameter_groups().items()
        if parameters
    ]
    return torch.optim.SGD(
        groups,
        lr=job.optim.lr,
        momentum=job.optim.momentum,
        weight_decay=job.optim.weight_decay,
        nesterov=job.optim.nesterov,
    )


def _train_epoch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    epoch: int,
    job: TrainJob,
    world: World,
) -> float:
    """Train one epoch; returns the mean loss over steps and workers."""
    model.train()
    pixels = job.dataset.pixels
    total = torch.zeros((), device=world.device)
    for step, (images, target) in enumerate(batches.epoch(epoch)):
        iteration, iterations = epoch * len(batches) + step, job.train.epochs * len(batches)
        for group in optimizer.param_groups:
            group["lr"] = scheduled_lr(group["initial_lr"], iteration, iterations, job.optim)
        images = images.to(world.device, non_blocking=True)
        target = target.to(world.device, non_blocking=True)
        known = world.mean(count_known(target))  # Partial labels: workers' counts differ.
        total += train_step(
            model, optimizer, images, target, job.loss, job.train.precision, known, pixels
        )
    # Checked once per epoch, by all workers alike: no GPU synchronisation at each step, and no
    # worker is left waiting in a collective. Checkpoints are written only after this check.
    loss = float(world.sum(total)) / (len(batches) * world.size)
    broken = None if math.isfinite(loss) else f"the loss is {loss}"
    # The last step's loss was computed before that step changed the weights.
    if broken is None and not _finite(model):
        broken = "weights are no longer finite"
    if broken is not None:
        raise TrainingError(
            f"{broken} in epoch {epoch + 1} of {job.train.epochs} (round "
            f"{job.round_index}); lower optim.lr or optim.head_lr_mult, or set train.precision=fp32"
        )
    return loss


def _finite(model: torch.nn.Module) -> bool:
    return bool(torch.stack([p.isfinite().all() for p in model.parameters()]).all())


def _validates(epoch: int, job: TrainJob) -> bool:
    return (epoch + 1) % job.train.validate_every == 0 or epoch + 1 == job.train.epochs


def _validation_share(job: TrainJob, world: World) -> Samples | None:
    """This worker's part of the validation split; None if it is unused or empty."""
    items = job.dataset.items("val") if job.train.checkpoint == "best_val" else []
    if not items:
        return None
    share = items[world.rank :: world.size]
    return Samples(job.dataset, share, job.train.cache_gib * 2**30)


def _loader_processes(job: TrainJob, world: World) -> int:
    if job.train.loader_workers != "auto":
        return job.train.loader_workers
    return min(8, cores()) if world.device.type == "cuda" else 0


def _best(out: Path, epoch: int) -> Path:
    return out / f"best-{epoch:04d}.pt"


def _weights(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu() for name, value in model.state_dict().items()}


def _save_progress(
    out: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    save_state(
        out / LAST,
        {
            "version": 1,
            "weights": _weights(model),
            "optimizer": optimizer.state_dict(),
            "progress": vars(progress),
        },
    )
    # Only now: an epoch repeated after a crash needs the best weights of before.
    for file in out.glob("best-*.pt"):
        if file != _best(out, progress.best_epoch):
            file.unlink(missing_ok=True)


def _restore(out: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Resume from the last epoch, or start over if a checkpoint is missing or damaged."""
    try:
        saved = load_state(out / LAST)
        progress = Progress(**saved["progress"])
        if progress.best_epoch >= 0:
            load_state(_best(out, progress.best_epoch))
    except (CheckpointError, KeyError, TypeError):
        return Progress()
    model.load_state_dict(saved["weights"])
    optimizer.load_state_dict(saved["optimizer"])
    return progress


def _mean_rating(
    model: Network, labelled: Labelled, precision: Precision, device: torch.device
) -> float:
    """Mean rating of the labelled images, without augmentation."""
    model.eval()
    views = (labelled.get(index) for index in range(len(labelled)))
    total = 0.0
    for images, _ in to_batches(views, EVAL_BATCH):
        rating_B = predict(model, images.to(device), precision).rating_B
        assert rating_B is not None
        total += float(rating_B.sum())
    return total / len(labelled)


def _finish(
    job: TrainJob,
    model: Network,
    progress: Progress,
    labelled: Labelled,
    bad: list[tuple[str, str]],
    device: torch.device,
) -> None:
    if (job.out / REPORT).exists():
        return  # A worker that outlived its killed driver has written the same result.
    use_best = job.train.checkpoint == "best_val" and progress.best_epoch >= 0
    if use_best:
        model.load_state_dict(load_state(_best(job.out, progress.best_epoch)))
    if model.rating is not None:
        model.rating.labelled_mean.fill_(_mean_rating(model, labelled, job.train.precision, device))
    classes = len(job.dataset.class_names)
    save_model(
        job.out / FILE,
        model,
        job.dataset.class_names,
        job.dataset.palette,
        job.dataset.size,
        labelled.class_pixels(classes),
        job.dataset.tile,
    )
    report = TrainReport(
        images=labelled.images_used,
        epochs=job.train.epochs,
        checkpoint_epoch=progress.best_epoch if use_best else job.train.epochs - 1,
        val_miou=progress.best_miou if progress.best_epoch >= 0 else None,
        history=progress.history,
        bad_images=bad_images(bad),
    )
    report.write(job.out)
    for file in (job.out / LAST, *job.out.glob("best-*.pt")):
        file.unlink(missing_ok=True)
