"""`raysal show`: what it writes, what it leaves out, and what it refuses."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import pytest
import yaml
from PIL import Image

from raysal.config.load import read_yaml
from raysal.data.decode import encode_png
from raysal.data.sets.streets.dataset import Streets
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from raysal.report.show.page import CAPTIONS, DIFFICULTY, ERRORS, TIMES_DIFFICULTY
from raysal.report.show.wanted import Figure
from tests.support.commands import Raysal
from tests.support.people import asking, take_photographs
from tests.support.shallow_network import SHALLOW
from tests.support.tiny_run import write_config

OF_A_RUN = ["overview", "uncertainty", "levels", "attention", "regions"]


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small PNGs, which are drawn faster."""
    monkeypatch.setattr("raysal.report.draw.style.DPI", 40)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of no run, of another size, without a difficulty branch."""
    folder = tmp_path_factory.mktemp("plain") / "plain"
    folder.mkdir()
    data = Streets(size=(32, 48))
    model = build_model(ModelConfig(**SHALLOW).resolved(frozenset()), 11, seed=1)
    save_model(folder / FILE, model, data.class_names, data.palette, (32, 48))
    return folder


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A file that is of no data set."""
    data = Streets(size=(60, 90))
    path = tmp_path / "my photo.png"
    path.write_bytes(encode_png(data.image(data.items("val")[0])))
    return path


def test_all_figures_of_a_run(
    raysal: Raysal, shown_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default, of images that the round queried: everything is there, nothing is left out."""
    monkeypatch.setattr("raysal.report.show.images.BY_DEFAULT", 1)
    out = tmp_path / "out"
    said = raysal("show", shown_run / "rounds/000", "--out", out).done(f"page: {out / 'show.html'}")
    assert "left out" not in said
    asked = list(dict.fromkeys(a.image_id for a in read_query(RunLayout(shown_run).round(0).query)))
    expected = {f"{image_id}-{name}.png" for image_id in asked[:1] for name in OF_A_RUN}
    assert {path.name for path in out.glob("*.png")} == expected
    for path in out.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 200
            picture.verify()
    page = (out / "show.html").read_text()
    assert page.count('src="data:image/png;base64,') == len(expected)
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "late difficulty branch with PAM" in page
    for caption in (ERRORS, DIFFICULTY, TIMES_DIFFICULTY):
        assert caption in page
    # The same figures again, into the same folder; then others beside them.
    raysal("show", shown_run / "rounds/000", asked[0], "--figure", "overview", "--out", out).done()
    assert {path.name for path in out.glob("*.png")} == expected


def test_of_the_last_round_nothing_was_queried(
    raysal: Raysal, shown_run: Path, tmp_path: Path
) -> None:
    said = raysal(
        "show", shown_run, "test-000001", "--figure", "regions", "--out", tmp_path / "out"
    ).done("annotators have no label of 'test-000001' after round 1", "extended no labels (cle)")
    assert said.count("left out") == 2
    assert (tmp_path / "out" / "test-000001-regions.png").is_file()


def test_models_side_by_side_with_a_crop(
    raysal: Raysal, shown_run: Path, plain: Path, tmp_path: Path
) -> None:
    """Models of different size and branches; what one lacks is left empty and said."""
    command = ["show", shown_run / "rounds/000", "test-000000", "--beside", plain]
    command += ["--names", "with PAM,plain", "--crop", "8,8,16,24"]
    out = tmp_path / "out"
    raysal(*command, "--out", out).done("left out: difficulty (plain was trained without a")
    assert [path.name for path in out.glob("*.png")] == ["test-000000-models.png"]
    page = (out / "show.html").read_text()
    assert "<h1>with PAM and plain</h1>" in page
    assert "models of test-000000: Image, with PAM Prediction, plain Prediction, Ground" in page
    tall = Image.open(out / "test-000000-models.png").height
    raysal(*command[:-2], "--panels", "prediction", "--out", out).done()
    assert Image.open(out / "test-000000-panels.png").height < tall / 3
    raysal(*command, "--panels", "errors,difficulty", "--out", out).refused(
        "plain was trained without a difficulty branch; train with model.difficulty.branch=late"
    )
    raysal(*command, "--figure", "overview", "--out", out).done()
    assert {path.name for path in out.glob("*overview*")} == {
        "test-000000-overview-1.png", "test-000000-overview-2.png"
    }  # fmt: skip


@pytest.mark.slow
def test_a_file_has_no_truth(
    raysal: Raysal, shown_run: Path, photograph: Path, tmp_path: Path
) -> None:
    run, out = shown_run / "rounds/000", tmp_path / "out"
    raysal("show", run, photograph, "--out", out).done(
        f"left out: truth, errors (there is no ground truth of '{photograph}')",
        "left out: attention",
        "is not an image of the model's run",
    )
    assert {path.name.rpartition("-")[2] for path in out.glob("*.png")} == {
        "overview.png", "uncertainty.png", "levels.png", "regions.png"
    }  # fmt: skip
    raysal("show", run, photograph, "--figure", "attention", "--out", out).refused(
        "by which wrong pixels are found; choose --pixel"
    )
    raysal("show", run, photograph, "--figure", "attention", "--pixel", "3,4", "--out", out).done()
    raysal("show", run, photograph, "--panels", "image,truth", "--out", out).refused(
        "there is no ground truth of"
    )


def test_a_model_of_no_run(
    raysal: Raysal, plain: Path, photograph: Path, shown_run: Path, tmp_path: Path
) -> None:
    """Its images are files, or those of the data it is given."""
    out = tmp_path / "out"
    raysal("show", plain, photograph, "--out", out).done(
        "left out: difficulty, uncertainty times difficulty, levels, attention (plain was trained",
        "left out: regions (plain is of no run that queries regions (rga); give the side of a",
    )
    page = (out / "show.html").read_text()
    assert CAPTIONS[Figure.uncertainty] in page
    for caption in (ERRORS, DIFFICULTY, TIMES_DIFFICULTY):  # Of what is not there.
        assert caption not in page
    raysal("show", plain, "test-000000", "--out", out).refused(
        "no image file 'test-000000', and the model is of no run whose images have ids", "--data"
    )
    raysal("show", plain, "--out", out).refused("no image is given; name some by id, or give files")
    config = tmp_path / "data.yaml"
    config.write_text("data: {name: streets, train: 3, val: 0, test: 2}\n")
    for data in (config, shown_run):
        raysal(
            "show", plain, "test-000001", "--panels", "truth,errors", "--data", data, "--out", out
        ).done()
    raysal("show", plain, photograph, "--figure", "levels", "--out", out).refused(
        "plain was trained without a difficulty branch"
    )
    raysal("show", plain, photograph, "--figure", "regions", "--window", "9", "--out", out).done()


def test_data_that_have_moved(raysal: Raysal, tmp_path: Path, shown_run: Path) -> None:
    """Images of the pool can be shown all the same."""
    root = shutil.copytree(shown_run, tmp_path / "runs" / "moved")
    values = read_yaml(root / "config.yaml")
    values["data"] = {
        "name": "folder", "images": str(tmp_path / "gone"), "masks": str(tmp_path / "gone"),
        "classes": list(Streets(size=(48, 64)).class_names), "size": [48, 64],
    }  # fmt: skip
    (root / "config.yaml").write_text(yaml.safe_dump(values))
    for path in (root / "configs").iterdir():
        path.unlink()
    for stamp in root.glob("rounds/*/*/stage.json"):
        stamp.unlink()
    image_id = read_query(RunLayout(root).round(0).query)[0].image_id
    raysal(
        "show", root / "rounds/000", image_id, "--figure", "overview", "--out", tmp_path / "out"
    ).done("no ground truth, images are those of the run's pool: ")


def test_a_run_that_people_label(raysal: Raysal, tmp_path: Path) -> None:
    """There is no ground truth but what they drew."""
    photographs = take_photographs(tmp_path, images=4)
    asked = {"test": 1, "initial": 2, "budget": 1, "rounds": 1}
    config = asking(tmp_path / "runs", photographs, al=asked, train={"epochs": 1})
    file = write_config(tmp_path / "people.yaml", config)
    raysal("run", file, "--no-report").done()
    photographs.answer(config.folder)
    raysal("run", file, "--no-report").done()
    out = tmp_path / "out"
    raysal("show", config.folder, "--panels", "truth,errors", "--out", out).done()
    assert len(list(out.glob("*.png"))) == 3
    page = html.unescape((out / "show.html").read_text())
    assert page.count("Annotator's labels, Not as labelled (") == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["test-00000"], ["no image 'test-00000'", "did you mean 'test-00000"]),
        (["xyz"], ["no image 'xyz': neither an id of", "; known: "]),
        (["--figure", "level"], ["--figure: there is no 'level'; did you mean 'levels'?"]),
        (["--panels", "imag"], ["--panels: there is no 'imag'; did you mean 'image'?"]),
        (["--figure", "levels", "--panels", "image"], ["give --figure or --panels, not both"]),
        (["--crop", "1,2,3"], ["--crop '1,2,3': give row, column, height, width in pixels"]),
        (["--crop", "40,0,9,9"], ["--crop 40,0,9,9 is not inside the model's input of 48x64"]),
        (["--pixel", "48,0"], ["--pixel 48,0 is not inside the model's input of 48x64 pixels"]),
        (["--names", "a,b"], ["--names: 2 names for 1 models; give one for each"]),
        (["--beside", "nowhere"], ["no checkpoint at nowhere; give a run"]),
        (["--set", "al.rounds=3"], ["--set al.rounds=3: only data, engine and train.precision"]),
    ],
)
def test_what_is_refused(
    raysal: Raysal, shown_run: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    out = tmp_path / "out"
    raysal("show", shown_run / "rounds/000", *arguments, "--out", out).refused(*words)
    assert not out.exists()


def test_files_of_others_stay(raysal: Raysal, shown_run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    raysal("show", shown_run, "test-000000", "--out", tmp_path).refused(
        "holds files that are not of a report", "mine.txt"
    )
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG and no more")
    raysal("show", shown_run, broken, "--out", tmp_path / "out").refused("image '", "broken.png'")
    other = Streets(size=(48, 64))
    (tmp_path / "other").mkdir()
    model = build_model(ModelConfig(**SHALLOW).resolved(frozenset()), 2, seed=1)
    save_model(tmp_path / "other" / FILE, model, ("a", "sky"), other.palette[:2], (48, 64))
    raysal("show", shown_run, "test-000000", "--beside", tmp_path / "other").refused(
        "has other classes ('a', 'bicyclist', 'building' and 8 more) than"
    )
