"""`raysal evaluate` of a run, on the images that people labelled to measure on."""

from __future__ import annotations

import shutil
from pathlib import Path

from raysal.curate.evaluation_run import is_run, run_of
from raysal.experiment.metrics import Metrics
from tests.support.commands import Raysal
from tests.support.people import asking, take_photographs
from tests.support.tiny_run import write_config


def test_a_run_is_measured_on_its_own_answers(raysal: Raysal, tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=12)
    config = asking(tmp_path / "my runs", photographs, al={"test": 2, "initial": 3, "budget": 2})
    file, root = write_config(tmp_path / "people.yaml", config), config.folder
    raysal("run", file, "--no-report").done()
    raysal("evaluate", root).refused("no trained model yet", f"`raysal status '{root}'`")
    unanswered = shutil.copytree(root, tmp_path / "unanswered")
    photographs.answer(root)
    raysal("run", file, "--no-report").done("round 0: trained")

    model, theirs = root / "rounds" / "000" / "model", Metrics.read(root / "rounds/000/metrics")
    headline = f"{root}, test split: 2 images at 48x64, height x width (data.size, which is"
    raysal("evaluate", root, "--out", tmp_path / "out").done(f"model: {model}", headline, "mIoU ")
    assert Metrics.read(tmp_path / "out") == theirs
    moved = shutil.move(root, tmp_path / "moved")
    raysal("evaluate", tmp_path / "moved" / "rounds" / "000" / "model" / "model.pt").done(
        f"{moved}, test split: 2 images", f"mIoU {100 * (theirs.miou or 0):.2f}"
    )

    raysal("evaluate", moved, unanswered).refused(
        "unanswered has nothing to measure on yet: 2 of 2 test images are still to be labelled",
        "raysal ask",
        "raysal answer",
        "raysal run",
    )
    photographs.answer(unanswered)
    raysal("evaluate", moved, unanswered).refused("has not taken the labels of its test images yet")
    raysal("evaluate", moved, file).refused(
        "no image in the test or val split",
        f"are labelled in the run: `raysal evaluate '{root}'`",
    )


def test_a_model_of_no_run(raysal: Raysal, tmp_path: Path) -> None:
    model = tmp_path / "rounds" / "000" / "model"
    model.mkdir(parents=True)
    (tmp_path / "model.pt").touch()
    assert not is_run(tmp_path)
    assert run_of(model) is None
    assert run_of(tmp_path / "model.pt") is None
    raysal("evaluate", model).refused("is not of a run; say what to measure it on")


def test_a_run_without_images_to_measure_on(raysal: Raysal, tmp_path: Path) -> None:
    photographs = take_photographs(tmp_path, images=6)
    config = asking(tmp_path / "runs", photographs, al={"test": 0, "initial": 3, "rounds": 1})
    file = write_config(tmp_path / "people.yaml", config)
    raysal("run", file, "--no-report").done()
    photographs.answer(config.folder)
    raysal("run", file, "--no-report").done("not measured")
    raysal("evaluate", config.folder).refused(
        "there is no image in the test or val split; give labelled data: `raysal evaluate", " DATA`"
    )
