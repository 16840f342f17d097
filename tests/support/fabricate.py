"""Write small run folders like those of a run, with given numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from raysal.experiment.answered import Answered, AnsweredQuery
from raysal.sweep.config import value_text

CLASSES = ("road", "car", "pole")
PALETTE = ((128, 64, 128), (0, 0, 142), (153, 153, 153))
SIZE = (32, 48)
ENTROPY = {"name": "ds", "uncertainty": "entropy"}


def make_run(
    folder: Path,
    miou: Sequence[float | None],
    *,
    strategy: str = "DS (entropy)",
    seed: int = 0,
    acquisition: Mapping[str, Any] = ENTROPY,
    images: Sequence[float] | None = None,
    class_pixels: Sequence[Sequence[int]] | None = None,
    iou: Sequence[Sequence[float | None]] | None = None,
    classes: Sequence[str] = CLASSES,
    confusion: Sequence[Sequence[int]] | None = None,
    config: Mapping[str, Any] | None = None,
    bad_images: Sequence[str] = (),
    regions: int | None = None,
) -> Path:
    """Write a run with one recorded round per value of `miou`, in [0, 1]; returns its folder."""
    count = len(classes)
    truth = confusion or [[100 if r == c else 0 for c in range(count)] for r in range(count)]
    _write(folder / "environment.json", {"version": 1, "python": "3.11.2", "machine": {"cpus": 2}})
    settings = {
        "name": folder.name,
        "seed": seed,
        "data": {"name": "streets"},
        "acquisition": dict(acquisition),
        "al": {"budget": 20},
        **(config or {}),
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    for index, value in enumerate(miou):
        here = folder / "rounds" / f"{index:03d}"
        _write(
            here / "metrics" / "metrics.json",
            {
                "version": 1,
                "split": "test",
                "images": 4,
                "miou": value,
                "pixel_accuracy": None if value is None else 0.9,
                "iou": list(iou[index]) if iou else [value] * count,
                "class_names": list(classes),
                "confusion": truth,
            },
        )
        labelled = {
            "images": images[index] if images else 40 + 20 * index,
            "regions": regions,
            "pixels": 1000 * (index + 1),
            "clicks": None,
        }
        _write(
            here / "record" / "record.json",
            {
                "version": 1,
                "round": index,
                "name": folder.name,
                "seed": seed,
                "strategy": strategy,
                "fingerprint": "0",
                "labelled": labelled,
                "queried": None,
                "class_pixels": list(class_pixels[index])
                if class_pixels
                else [900, 90, 10][:count],
                "miou": value,
                "bad_images": list(bad_images),
                "timings_s": {"train": 12.5, "evaluate": 1.0, "score": 3.0 + index},
            },
        )
    return folder


def make_full(
    folder: Path, miou: float, *, seed: int = 0, strategy: str = "DS (entropy)", budget: int = 20
) -> Path:
    """Write a run on all images at once, 400 of them."""
    settings = {"al": {"initial": "all", "rounds": 1, "budget": budget}}
    acquisition = {"name": strategy}
    return make_run(
        folder, [miou], strategy=strategy, seed=seed, acquisition=acquisition, images=[400],
        config=settings,
    )  # fmt: skip


def make_trial(
    sweep: Path, variant: str, miou: Sequence[float | None], *, seed: int = 0, **of_run: Any
) -> Path:
    """Write a trial of a sweep with variants, and note it in the sweep's definition.

    Args:
        of_run: see `make_run`.
    """
    definition = sweep / "sweep.yaml"
    noted = (
        yaml.safe_load(definition.read_text())
        if definition.exists()
        else {"version": 1, "sweep": {"variants": {}}, "experiment": {}, "trials": {}}
    )
    name = f"variant={value_text(variant)},seed={seed}"
    settings = {f"acquisition.{k}": v for k, v in of_run.get("acquisition", ENTROPY).items()}
    noted["sweep"]["variants"][variant] = settings
    noted["trials"][name] = "0"
    run = make_run(sweep / "trials" / name, miou, seed=seed, **of_run)
    definition.write_text(yaml.safe_dump(noted))
    return run


def write_query(round_folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a query of (image_id, row, col, height, width, score) rows, without costs."""
    path = round_folder / "query" / "query.parquet"
    path.parent.mkdir(parents=True)
    unknown = dict.fromkeys(("cost_images", "cost_regions", "cost_pixels", "cost_clicks"))
    pq.write_table(pa.Table.from_pylist([{**row, **unknown} for row in rows]), path)


def not_measured(run: Path, *rounds: int) -> Path:
    """Make it so that there was nothing to measure some rounds on; returns the run's folder."""
    for index in rounds:
        here = run / "rounds" / f"{index:03d}"
        classes = len(json.loads((here / "metrics" / "metrics.json").read_text())["class_names"])
        edit_json(
            here / "metrics" / "metrics.json",
            split=None,
            images=0,
            miou=None,
            pixel_accuracy=None,
            iou=[None] * classes,
            confusion=[[0] * classes] * classes,
        )
        edit_json(here / "record" / "record.json", miou=None, measured=False)
    return run


def write_answered(query_folder: Path, *rows: Mapping[str, Any]) -> None:
    """Write what became of the images of a query (`Answered`) that people were asked."""
    labels = query_folder / "labels"
    labels.mkdir(parents=True, exist_ok=True)
    AnsweredQuery(images=tuple(Answered(**row) for row in rows)).write(labels)


def edit_json(path: Path, **changes: Any) -> None:
    """Change top-level values of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
