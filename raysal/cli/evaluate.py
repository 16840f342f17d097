"""`raysal evaluate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.curate.evaluate import Evaluated
    from raysal.curate.evaluation_data import LabelledData
    from raysal.data.sets.base import Split
    from raysal.experiment.metrics import Metrics


class SplitName(StrEnum):
    """The splits of a data set."""

    train = "train"
    val = "val"
    test = "test"


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            help="The `model` folder of a round, or a run, whose last model is measured."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="A run, or a YAML file with a `data` section, such as the configuration of an "
            "experiment; of its other sections, only `engine` and `train.precision` are read. By "
            "default the run of the model.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        SplitName | None,
        typer.Option(help="By default test, or val if there is no test split."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder to write metrics.json and confusion.csv to.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: --set data.root=PATH (repeatable)."),
    ] = None,
) -> None:
    """Measure a trained model on labelled data: IoU per class, mIoU, accuracy, confusion."""
    from raysal.config.settings import kept

    if out is not None and "://" in out:
        raise ConfigError(f"--out '{out}': must be a local folder, not a URI")
    model, labelled = _open(model, data, settings or [])
    chosen: Split | None = None if split is None else split.value
    labelled.items(chosen)  # Missing files are reported before torch is imported.

    from raysal.curate.evaluate import evaluate_model, open_evaluation
    from raysal.engine.build import build_engine
    from raysal.report.evaluation import EvaluationRecord, check_out, write_evaluation

    opened = open_evaluation(model, labelled, chosen)
    record = EvaluationRecord(
        model=opened.loaded.digest,
        data=opened.dataset.dump(),
        split=opened.split,
        precision=labelled.precision,
    )
    folder = None if out is None else kept(out)
    if folder is not None:
        check_out(folder, record)
    console.print(_headline(opened))
    with Terminal() as watch:
        metrics = evaluate_model(opened, lambda: build_engine(labelled.engine), watch)
    _print(metrics)
    if folder is not None:
        for path in write_evaluation(folder, record, metrics):
            console.print(f"written: {path}")


def _open(model: Path, data: Path | None, settings: list[str]) -> tuple[Path, LabelledData]:
    """The model and the data, of which either may be a run."""
    from raysal.curate.evaluation_data import load_data
    from raysal.curate.evaluation_run import is_run, last_model, load_run, run_of

    if is_run(model):
        data = data or model
        model = last_model(model)
        console.print(f"model: {model}")
    elif data is None:
        data = run_of(model)
    if data is None:
        raise ConfigError(
            f"{model} is not of a run; say what to measure it on: a YAML file with a `data` "
            "section, or a run"
        )
    return model, load_run(data, settings) if is_run(data) else load_data(data, settings)


def _headline(opened: Evaluated) -> str:
    height, width = opened.dataset.size
    trained = opened.loaded.working_size
    if not opened.data.sized:
        whose = "the model's size"
    elif opened.dataset.size == trained:
        whose = "data.size, which is the model's"
    else:
        whose = f"data.size; the model was trained at {trained[0]}x{trained[1]}"
    return (
        f"{opened.data.name}, {opened.split} split: {len(opened.items)} images at "
        f"{height}x{width}, height x width ({whose})"
    )


def _print(metrics: Metrics) -> None:
    from raysal.report.evaluation import class_results

    for bad in metrics.bad_images:
        console.print(f"set aside '{bad.image_id}': {bad.reason}")
    table = Table("class", "IoU %", "recall %", "precision %", "pixels %", "most taken for")
    for c in class_results(metrics):
        wrong = "" if c.taken_for is None else f"{c.taken_for} {_percent(c.taken_share)}"
        shares = (_percent(share) for share in (c.iou, c.recall, c.precision, c.share))
        table.add_row(c.name, *shares, wrong)
    console.print(table)
    console.print(
        f"mIoU {_percent(metrics.miou)}, pixel accuracy {_percent(metrics.pixel_accuracy)}, "
        f"{metrics.images} images"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
