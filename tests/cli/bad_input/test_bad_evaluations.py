"""`raysal evaluate`: the metrics of a run, what it prints, and unsuitable models and data."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from raysal.data.decode import encode_png
from raysal.experiment.metrics import Metrics
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, load_model, save_model
from raysal.models.config import ModelConfig
from raysal.report.evaluation import EvaluationRecord, class_results
from tests.support.commands import Raysal, Setting
from tests.support.fake_datasets import CLASSES, SIZE
from tests.support.shallow_network import MOBILENET

LOCAL = ("--set", "engine.name=local")


@pytest.fixture
def model(finished: Setting) -> Path:
    return finished.root / "rounds" / "001" / "model"


def change(setting: Setting, **data: Any) -> None:
    """Change the data section; None removes a key."""
    values = yaml.safe_load(setting.config.read_text())
    section = {k: v for k, v in {**values["data"], **data}.items() if v is not None}
    setting.config.write_text(yaml.safe_dump({**values, "data": section}))


def test_the_metrics_are_those_of_the_run(
    raysal: Raysal, finished: Setting, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ("evaluate", model, finished.config, *LOCAL, "--out", out)
    theirs = finished.root / "rounds" / "001" / "metrics" / "metrics.json"
    for _ in range(2):
        raysal(*command).done(
            "folder, test split: 2 images at 32x48, height x width",
            "(data.size, which is the model's)",
            "mIoU ",
            f"written: {out / 'metrics.json'}",
        )
        assert (out / "metrics.json").read_bytes() == theirs.read_bytes()
    confusion = list(csv.reader((out / "confusion.csv").open()))
    assert confusion[0] == ["truth", *CLASSES]
    assert [row[0] for row in confusion[1:]] == list(CLASSES)
    written = tuple(tuple(map(int, row[1:])) for row in confusion[1:])
    assert written == Metrics.read(out).confusion


@pytest.mark.slow  # The fast suite compares the engines' counts in tests/engine/test_faults.py.
@pytest.mark.usefixtures("ray_session")
def test_the_metrics_are_the_same_on_ray(raysal: Raysal, setting: Setting, tmp_path: Path) -> None:
    network = build_model(ModelConfig(**MOBILENET).resolved(frozenset()), len(CLASSES), seed=0)
    save_model(tmp_path / FILE, network, CLASSES, setting.data.palette, SIZE)
    found = []
    for engine in ("local", "ray"):
        evaluate = ("evaluate", tmp_path / FILE, setting.config, "--out", tmp_path / engine)
        raysal(*evaluate, "--set", f"engine.name={engine}", "--set", "engine.threads=1").done(
            "mIoU "
        )
        found.append((tmp_path / engine / "metrics.json").read_bytes())
    assert found[0] == found[1]


def test_another_split_and_a_configuration_that_a_run_wrote(
    raysal: Raysal, finished: Setting, model: Path
) -> None:
    config = finished.root / "config.yaml"
    raysal("evaluate", model, config, "--split", "train").done("train split: 8 images")
    lists = yaml.safe_load(finished.config.read_text())["data"]["lists"]
    change(finished, lists={"train": lists["train"], "val": lists["val"]})
    raysal("evaluate", model, finished.config).done("val split: 2 images")
    raysal("evaluate", model, finished.config, "--split", "test").refused(
        "folder: there is no image in the test split"
    )


def test_only_a_test_split(raysal: Raysal, finished: Setting, model: Path) -> None:
    """Data to be trained on are not needed."""
    lists = yaml.safe_load(finished.config.read_text())["data"]["lists"]
    change(finished, lists={"test": lists["test"]})
    raysal("evaluate", model, finished.config).done("test split: 2 images")


def test_the_size(raysal: Raysal, finished: Setting, model: Path) -> None:
    change(finished, size=None)
    own = raysal("evaluate", model, finished.config).done("at 32x48", "(the model's size)")
    change(finished, size=[64, 80])
    other = raysal("evaluate", model, finished.config).done(
        "at 64x80, height x width (data.size; the model was trained at 32x48)"
    )
    assert own.splitlines()[1:] != other.splitlines()[1:]


def test_classes_are_matched_by_name(
    raysal: Raysal, finished: Setting, model: Path, tmp_path: Path
) -> None:
    """A model with the same classes in another order has the same metrics."""
    loaded = load_model(model)
    order = [2, 0, 1]
    for layer in (loaded.model.classify,):
        layer.weight.data = layer.weight.data[order]
        assert layer.bias is not None
        layer.bias.data = layer.bias.data[order]
    names, palette = ([values[i] for i in order] for values in (CLASSES, loaded.palette))
    (tmp_path / "other").mkdir()
    save_model(tmp_path / "other" / FILE, loaded.model, names, palette, SIZE)
    command = ("evaluate", tmp_path / "other", finished.config, "--out", tmp_path / "out")
    raysal(*command).done()
    ours = Metrics.read(tmp_path / "out")
    theirs = Metrics.read(finished.root / "rounds" / "001" / "metrics")
    assert ours == theirs
    for other, words in (
        (("ground", "wall", "sky"), ["only the model has 'thing'; only the data have 'sky'"]),
        (("ground", "wall"), ["3 classes, folder has 2", "only the model has 'thing'"]),
        ((*CLASSES, "sky"), ["3 classes, folder has 4", "only the data have 'sky'"]),
    ):
        change(finished, classes=list(other))
        raysal("evaluate", model, finished.config).refused("matched by name", *words)


def test_masks_that_cannot_be_used(raysal: Raysal, finished: Setting, model: Path) -> None:
    mask = Path(str(finished.data.masks)) / "town0" / "010.png"
    kept = mask.read_bytes()
    evaluate = ("evaluate", model, finished.config)
    for wrong, words in (
        (None, ["town0/010", "has no mask", str(mask)]),
        (np.zeros((SIZE[0], SIZE[1] + 1), np.uint8), ["32x49", "32x48", "must match"]),
        (np.full(SIZE, 3, np.uint8), ["class id 3 is outside 0..2"]),
        (np.zeros((*SIZE, 3), np.uint8), ["one channel of class ids"]),
    ):
        mask.unlink()
        if wrong is not None:
            mask.write_bytes(encode_png(wrong))
        raysal(*evaluate).refused(*words)
        mask.write_bytes(kept)
    change(finished, masks=None)
    raysal(*evaluate).refused("has no mask, because data.masks is not set")
    change(finished, masks="nowhere")
    raysal(*evaluate).refused("data.masks: no folder", "nowhere")


def test_images_that_cannot_be_read(raysal: Raysal, finished: Setting, model: Path) -> None:
    (image,) = Path(finished.data.images).glob("town0/010.*")
    image.write_bytes(image.read_bytes()[:200])
    evaluate = ("evaluate", model, finished.config)
    raysal(*evaluate).refused("1 of 2 test images are unreadable", "max_bad_share", "town0/010")
    raysal(*evaluate, "--set", "data.max_bad_share=0.5").done(
        "set aside 'town0/010'", "mIoU ", ", 1 images"
    )


def test_no_model_and_no_data(
    raysal: Raysal, finished: Setting, model: Path, tmp_path: Path
) -> None:
    raysal("evaluate", tmp_path / "m", finished.config).refused("no checkpoint at", "m")
    raysal("evaluate", model, tmp_path / "absent.yaml").refused("no configuration file")
    raysal("evaluate", model, finished.config, "--set", "data.images=nowhere").refused(
        "data.images: no folder", "nowhere"
    )
    raysal("evaluate", model, finished.config, "--set", "data.lists.test=no.txt").refused(
        "data.lists: no file", "no.txt"
    )
    values = yaml.safe_load(finished.config.read_text())
    del values["data"]
    finished.config.write_text(yaml.safe_dump(values))
    raysal("evaluate", model, finished.config).refused("experiment.yaml: data is missing")
    finished.config.write_text(yaml.safe_dump({**values, "data": "camvid"}))
    raysal("evaluate", model, finished.config).refused("experiment.yaml: data")


def test_folders_of_others(raysal: Raysal, finished: Setting, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluate = ("evaluate", model, finished.config, "--out", out)
    out.mkdir()
    (out / "metrics.json").write_text("mine")
    raysal(*evaluate).refused("holds files that raysal did not make", "'metrics.json'")
    stage = finished.root / "rounds" / "001" / "metrics"
    raysal(*evaluate[:-1], stage).refused("did not make", "choose an empty or new folder")
    (out / "metrics.json").unlink()
    raysal(*evaluate).done()
    raysal("evaluate", model.parents[1] / "000" / "model", *evaluate[2:]).refused(
        "holds the evaluation of another model, or on other data"
    )
    raysal(*evaluate, "--split", "val").refused("another model, or on other data")
    (out / "notes.txt").write_text("mine")
    raysal(*evaluate).done()
    for name in ("confusion.csv", "metrics.json"):
        kept = (out / name).read_bytes()
        changed = kept.replace(b"0", b"1")
        (out / name).write_bytes(changed)
        raysal(*evaluate).refused(f"{name} would be overwritten, but is not as raysal wrote it")
        assert (out / name).read_bytes() == changed
        (out / name).write_bytes(kept)
    record = out / EvaluationRecord.file
    record.write_text(json.dumps({"version": 1}))
    raysal(*evaluate).refused("evaluation.json is damaged", "evaluate into another folder")
    shutil.rmtree(out)
    out.write_text("mine")
    raysal(*evaluate).refused("is a file, but a folder is needed")


def test_results_of_classes() -> None:
    metrics = Metrics(
        split="test", images=1, miou=None, pixel_accuracy=None, iou=(0.5, 0.0, None),
        class_names=("a", "b", "c"), confusion=((6, 2, 0), (4, 0, 0), (0, 0, 0)),
    )  # fmt: skip
    a, b, c = class_results(metrics)
    assert (a.recall, a.precision, a.share) == (6 / 8, 6 / 10, 8 / 12)
    assert (a.taken_for, a.taken_share) == ("b", 2 / 8)
    assert (b.recall, b.precision, b.taken_for, b.taken_share) == (0, 0, "a", 1)
    assert (c.recall, c.precision, c.share, c.taken_for) == (None, None, 0, None)
