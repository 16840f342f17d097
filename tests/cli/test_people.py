"""`raysal run` and `raysal status` with people as annotators."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from PIL import Image

from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from tests.support.commands import Raysal
from tests.support.people import Photographs, asking, take_photographs
from tests.support.tiny_run import write_config


@pytest.fixture
def photographs(tmp_path: Path) -> Photographs:
    return take_photographs(tmp_path, images=12)


@pytest.fixture
def config(photographs: Photographs, tmp_path: Path) -> ExperimentConfig:
    return asking(tmp_path / "runs", photographs, al={"test": 2, "initial": 3, "budget": 2})


@pytest.fixture
def file(config: ExperimentConfig, tmp_path: Path) -> Path:
    return write_config(tmp_path / "people.yaml", config)


def test_from_photographs_to_a_model(
    raysal: Raysal, photographs: Photographs, config: ExperimentConfig, file: Path
) -> None:
    root = config.folder
    out = raysal("run", file, "--no-report").done(
        f"{root} waits for labels: 2 of 2 test images, 3 of 3 initial images",
        f"raysal ask {root} --as png",
        f"raysal answer {root}",
        f"raysal run {file}",
    )
    assert "done" not in out
    assert raysal("run", file, "--no-report").done() == out
    photographs.answer(root, most=3)
    raysal("status", root).done("waits for labels: 2 of 3 initial images", "nothing is damaged")
    photographs.answer(root)
    raysal("status", root).done("all 5 images that were asked for are answered; `raysal run` goes")
    measured = "round 0: trained, mIoU"
    raysal("run", file, "--no-report").done(
        measured, "on 2 test images; its query is out", "waits for labels: 2 of 2 images of round 0"
    )
    raysal("status", root).done(measured, "waits for labels: 2 of 2 images of round 0")
    photographs.answer(root)
    raysal("run", file, "--no-report").done("round 0: 3 images", "round 1: 5 images", "done")
    raysal("run", file, "--no-report", "--set", "al.rounds=3").done(
        "now al.rounds: 3",
        "waits for labels: 2 of 2 images of round 1",
        f"raysal run {file} --set al.rounds=3",
    )
    # Fewer again: what was asked for the rounds that are not wanted any more is not waited for.
    raysal("run", file, "--no-report").done("round 1: 5 images", "done")


def test_the_commands_that_are_named_can_be_pasted(
    raysal: Raysal, file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "my runs"
    raysal("run", file, "--no-report", "--set", f"output={output}").done(
        f"raysal ask '{output / 'people'}' --as png",
        f"raysal answer '{output / 'people'}' TO_LABEL",
        f"raysal run {file} --set 'output={output}'",
    )


def test_paths_in_the_working_folder_are_as_users_type_them(
    raysal: Raysal, photographs: Photographs, file: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    out = raysal("run", file.name, "--set", "output=runs", "--set", "al.rounds=1").done(
        "seed 0 -> runs/people\n", "runs/people waits for labels: 2 of 2 test",
        "raysal ask runs/people --as png",
    )  # fmt: skip
    assert str(tmp_path) not in out
    photographs.answer(Path("runs/people"))
    raysal("ask", "runs/people", "--out", "again").refused(
        "all 5 images that runs/people asks for are answered"
    )


def test_what_the_readme_shows_is_what_is_printed(
    raysal: Raysal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the labels; its section `With your own images`, command by command."""
    root = Path(__file__).parents[2]
    section = (root / "README.md").read_text().split("\n## With your own images\n")[1]
    blocks = re.findall(r"((?:^    raysal .*\n)+)\n```\n((?:.*\n)+?)```", section, re.MULTILINE)
    assert [command.split()[1] for command, _ in blocks] == ["run", "ask", "answer"]
    monkeypatch.chdir(tmp_path)
    shutil.copy(root / "configs" / "people.yaml", "mine.yaml")
    Path("photos").mkdir()
    for number in range(75):
        Image.new("RGB", (24, 16), (number, 0, 0)).save(f"photos/{number}.png")
    for command, printed in blocks:
        _, name, *words = command.split()
        if name == "answer":
            for path in Path("to-label/images").iterdir():
                Image.new("L", (24, 16)).save(f"to-label/masks/{path.name}")
        out = raysal(name, *words, *(["--set", "model.weights=none"] if name == "run" else []))
        assert printed in out.done().replace(" --set model.weights=none", "")


def test_masks_that_are_there_and_test_images_by_lot(
    raysal: Raysal, photographs: Photographs, file: Path
) -> None:
    masks = f"data.masks={photographs.masks}"
    raysal("run", file, "--set", masks).refused("remove al.test", "data.shares=[0,0]")


def test_other_options_do_not_go_together(raysal: Raysal, file: Path) -> None:
    raysal("run", file, "--wait", "--with-what-is-there").refused("not both")


def test_ctrl_c_while_it_waits(raysal: Raysal, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=interrupt)
    monkeypatch.setattr("raysal.experiment.wait.time", waiting)
    ended = raysal("run", file, "--wait")
    assert (ended.status, ended.err) == (130, "")
    said = ended.out.splitlines()[-2:]
    assert said[0].startswith("waiting for labels: 2 of 2 test images, 3 of 3 initial images")
    assert said[1] == "interrupted; run again to resume"
    raysal("run", file, "--no-report").done("waits for labels")


def test_people_label_drawn_pictures(
    raysal: Raysal, config: ExperimentConfig, tmp_path: Path
) -> None:
    """Of streets, every mask is known, but they are hidden from people."""
    data = {"name": "streets", "size": [48, 64], "train": 6, "val": 0, "test": 2}
    al = {**config.al.model_dump(), "test": 0}
    streets = ExperimentConfig.model_validate({**config.dump(), "data": data, "al": al})
    file, out = write_config(tmp_path / "streets.yaml", streets), tmp_path / "to-label"
    raysal("run", file).done("waits for labels: 3 of 3 initial images")
    raysal("ask", config.folder, "--as", "png", "--out", out).done("3 images to label")
    assert len(list((out / "images").glob("train-*.jpg"))) == 3


def test_a_sweep_cannot_wait_for_people(
    raysal: Raysal, config: ExperimentConfig, tmp_path: Path
) -> None:
    values = {**config.dump(), "sweep": {"seeds": [0, 1]}}
    del values["seed"]
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(yaml.safe_dump(values))
    raysal("sweep", sweep).refused("a sweep cannot wait for people", "oracle=simulated")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("noise={rate: 0.1}", ("noise", "oracle=people")),
        ("al.budget_unit=clicks", ("clicks", "oracle=simulated")),
        ("al.test=12", ("al.test and al.val draw 12 images", "folder has 12")),
        ("oracle=nobody", ("oracle",)),
        ("oracle=simulated", ("has no mask", "oracle: people")),
    ],
)
def test_what_people_cannot_do(
    change: str, words: tuple[str, ...], raysal: Raysal, file: Path
) -> None:
    raysal("run", file, "--set", change).refused(*words)


def test_a_listed_test_image_needs_a_mask(raysal: Raysal, file: Path, tmp_path: Path) -> None:
    ids = sorted(path.stem for path in (tmp_path / "photos").iterdir())
    for split, of_split in (("train", ids[2:]), ("test", ids[:2])):
        (tmp_path / f"{split}.txt").write_text("\n".join(of_split))
    lists = {split: str(tmp_path / f"{split}.txt") for split in ("train", "test")}
    raysal("run", file, "--set", f"data.lists={lists}", "--set", "al.test=0").refused(
        "has no mask", ids[0]
    )


def test_photographs_that_are_deleted_while_they_are_out(
    raysal: Raysal, photographs: Photographs, config: ExperimentConfig, file: Path
) -> None:
    root = config.folder
    raysal("run", file, "--no-report").done()
    photographs.answer(root)
    raysal("run", file, "--no-report").done("images of round 0")
    (asked, *_) = photographs.answer(root, most=1)
    (photographs.images / f"{asked}.jpg").unlink()
    photographs.answer(root)
    raysal("run", file, "--no-report").done(
        f"1 image gone from the train split ('{asked}'): set aside", "round 1: 5 images"
    )


def test_a_run_folder_that_is_moved_goes_on(
    raysal: Raysal, photographs: Photographs, config: ExperimentConfig, tmp_path: Path
) -> None:
    file = write_config(tmp_path / "people.yaml", config)
    raysal("run", file, "--no-report").done()
    photographs.answer(config.folder)
    moved = tmp_path / "elsewhere"
    shutil.move(str(config.folder.parent), moved)
    raysal("run", file, "--no-report", "--set", f"output={moved}").done("images of round 0")
    assert RunLayout(moved / config.name).round(0).query.exists()
