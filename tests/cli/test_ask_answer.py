"""`raysal ask` and `raysal answer` on a run that waits for people."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raysal.annotate.of_run import asked_of
from raysal.data.answers import AnswerStore
from raysal.data.decode import encode_png
from raysal.engine.build import build_engine
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.commands import Raysal
from tests.support.faults import around_renames
from tests.support.people import Photographs, asking, take_photographs


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Photographs, Path]:
    """A run that waits for its first images, and for others to copy."""
    root = tmp_path_factory.mktemp("waiting")
    photographs = take_photographs(root, images=8)
    config = asking(root / "runs", photographs, al={"test": 2, "initial": 3, "budget": 2})
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    return photographs, config.folder


@pytest.fixture
def run(first: tuple[Photographs, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(first[1], tmp_path / "run"))


@pytest.fixture
def photographs(first: tuple[Photographs, Path]) -> Photographs:
    return first[0]


def draw(photographs: Photographs, run: Path, folder: Path, most: int | None = None) -> list[str]:
    """Save masks of what a run asks, as an annotator does."""
    asked = asked_of(run)
    for image in asked.images[:most]:
        mask = photographs.drawn(asked, image.image_id)
        (folder / f"{image.image_id}.png").write_bytes(encode_png(mask))
    return [image.image_id for image in asked.images[:most]]


def test_masks_go_out_and_come_back(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    out = tmp_path / "to label"
    text = raysal("ask", run, "--out", out).done(
        f"5 images to label in {out}", f"raysal answer {run} '{out}'"
    )
    assert text.count("\n") == 4
    masks = out / "masks"
    ids = draw(photographs, run, masks, most=3)
    Image.new("RGB", (3, 3)).save(masks / "stranger.png")
    (masks / f"{ids[2]}.png").write_bytes(b"")
    table = tmp_path / "table.csv"
    raysal("answer", run, out, "--annotator", "Ann", "--table", table).done(
        "no image 'stranger.png' is asked for",
        "the file is empty",
        "2 not taken, 2 taken",
        "3 of 5 images are still to be labelled",
    )
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["image"]: row["result"] for row in csv.DictReader(file)}
    assert rows == {ids[0]: "taken", ids[1]: "taken", ids[2]: "not taken",
                    "stranger.png": "not taken"}  # fmt: skip
    raysal("answer", run, out, "--annotator", "Ann").done("2 not taken, 2 unchanged")
    raysal("answer", run, out, "--table", table).refused("--table", "the file exists")
    head = AnswerStore(run / "answers" / "test").current_head(ids[0])
    assert head is not None
    assert (head.annotator, head.tool, head.version) == ("Ann", "png", 1)
    again = tmp_path / "again"
    raysal("ask", run, "--out", again).done("3 images to label in", "2 more are answered already")
    assert len(list((again / "images").iterdir())) == 3


@pytest.mark.parametrize("kind", ["png", "coco", "cvat", "label-studio"])
def test_each_format_is_handed_out(kind: str, raysal: Raysal, run: Path, tmp_path: Path) -> None:
    raysal("ask", run, "--as", kind, "--out", tmp_path / "out").done(
        "1. ", "2. ", "then take the labels back: raysal answer"
    )


def test_a_long_table_is_shortened(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    ids = draw(photographs, run, tmp_path)
    given = tmp_path / "given"
    given.mkdir()
    image = {"file_name": f"{ids[0]}.jpg", "height": 70, "width": 100}
    images = [{**image, "id": 0}, *({"id": n, "file_name": f"{n}.jpg"} for n in range(1, 60))]
    annotation = {"id": 1, "image_id": 0, "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]]}
    categories = [{"id": 1, "name": photographs.classes[0].upper()}]
    (given / "x.json").write_text(
        json.dumps({"images": images, "annotations": [annotation], "categories": categories})
    )
    text = raysal("answer", run, given).done(
        "59 not taken, 1 taken", "60 rows in all; --table FILE.csv writes them to a file"
    )
    assert text.count("is asked for") == 20


def test_a_full_disk_keeps_what_was_taken(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    """At each answer in turn; then all are taken, and none twice."""
    given, table = tmp_path / "given", tmp_path / "table.csv"
    given.mkdir()
    ids = draw(photographs, run, given)
    options = ("answer", run, given, "--annotator", "Ann", "--table", table)
    for _ in ids:
        stored: list[Path] = []

        def refuse(target: Path, stored: list[Path] = stored) -> None:
            if stored:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            stored.append(target)

        with around_renames(before=refuse):
            ended = raysal(*options)
        if len(list((run / "answers").rglob("*.png"))) < len(ids):
            line = ended.refused("the answer for '", "cannot be stored: no space left", ".png);")
            assert "those taken before stay" in line
            assert "1 taken" in ended.out
        else:
            ended.refused(f"--table {table} cannot be written: no space", "answers are stored")
        assert not table.exists()
        assert not list(tmp_path.rglob("*.tmp"))
    raysal(*options).done("5 unchanged")
    assert table.exists()
    heads = [*AnswerStore(run / "answers" / "test").heads().values()]
    assert {head.version for head in heads} == {1}


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_answers_that_may_not_be_written(
    code: int, raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (first, *_) = draw(photographs, run, tmp_path, most=1)
    mkdir = os.mkdir

    def refuse(path: Path, *options: object) -> None:
        if (run / "answers") in (path, *Path(path).parents):
            raise OSError(code, os.strerror(code), str(path))
        mkdir(path, *options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "mkdir", refuse)
    raysal("answer", run, tmp_path / f"{first}.png").refused(
        f"the answer for '{first}' cannot be stored: {os.strerror(code)}", str(run / "answers")
    )
    assert not (run / "answers").exists()


def test_names_of_strangers(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    """In the terminal, in the table, and in what is stored."""
    (first, *_) = draw(photographs, run, tmp_path, most=1)
    name = "=1+1\x1b[2J\n\ud800.jpg"
    images = [{"id": 1, "file_name": f"{first}.jpg"}, {"id": 2, "file_name": name}]
    shape = [[0, 0, 99, 0, 99, 69, 0, 69]]
    annotations = [{"image_id": 1, "category_id": 1, "segmentation": shape}]
    categories = [{"id": 1, "name": photographs.classes[0]}]
    file, table = tmp_path / "x.json", tmp_path / "table.csv"
    file.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
    options = ("--annotator", "An\x1b[1mn\n", "--table", table)
    out = raysal("answer", run, file, *options).done("1 not taken, 1 taken", "=1+1\\x1b[2J \\ud800")
    assert "\x1b" not in out
    with table.open(encoding="utf-8-sig", newline="") as rows:
        assert [row["image"] for row in csv.DictReader(rows)] == [
            "'=1+1\\x1b[2J \\ud800.jpg", first
        ]  # fmt: skip
    head = AnswerStore(run / "answers" / "test").current_head(first)
    assert head is not None
    assert head.annotator == "An\\x1b[1mn"


def test_mistakes_of_users(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    out, given = tmp_path / "out", tmp_path / "given"
    given.mkdir()
    raysal("ask", tmp_path / "absent", "--out", out).refused("absent is not a run")
    raysal("ask", run, "--out", out, "--as", "pgn").refused("--as pgn: unknown format", "'png'?")
    raysal("ask", run, "--out", out, "--images", "x").refused("--images x: write copy, link, or")
    raysal("ask", run, "--out", out, "--prelabel").refused("--prelabel", "no trained model yet")
    raysal("ask", run, "--out", run).refused("holds files that raysal did not make there")
    table = tmp_path / "no" / "table.csv"
    raysal("answer", run, given, "--table", table).refused("there is no folder", "make it")
    raysal("answer", run, given, "--as", "yolo").refused("--as yolo: unknown format")
    raysal("answer", run, tmp_path / "absent").refused("no file or folder", "absent")
    raysal("answer", run, given).refused("holds no labels that are known; looked for: labelmap")
    (given / "a.png").write_bytes(encode_png(np.zeros((2, 2), np.uint8)))
    raysal("answer", run, given, "--unlabelled", "rood").refused("class 'rood' is not one of")
    raysal("answer", run, given).refused(
        "nothing was taken from", "1 annotation was refused; it, 'a.png': no image"
    )
    raysal("answer", run, given, "--as", "cvat").refused("has no labelmap.txt")
    for kind in ("coco", "label-studio"):
        raysal("answer", run, given, "--as", kind).refused("nothing was taken", "no annotations")
    assert not (run / "answers").exists()


def test_answers_may_be_corrected_until_the_run_goes_on(
    raysal: Raysal, run: Path, photographs: Photographs, tmp_path: Path
) -> None:
    photographs.answer(run)
    raysal("ask", run, "--out", tmp_path / "out").refused("5 images", "are answered; go on with")
    raysal("ask", run, "--out", tmp_path / "out", "--answered").done("5 images to label")
    draw(photographs, run, tmp_path / "out" / "masks", most=2)
    raysal("answer", run, tmp_path / "out").done(
        "2 taken", "0 of 5 images are still to be labelled; `raysal run` goes on"
    )
