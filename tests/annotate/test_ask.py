"""Handing out: pictures, lists, and that nothing of others is touched."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysal.annotate.ask import AskFolder, Options, hand_out, steps
from raysal.annotate.asked import Asked
from raysal.annotate.exchange.registry import FORMATS
from raysal.annotate.pictures import outlined
from raysal.data.answers import Answer
from raysal.errors import ConfigError, DataError, RunError
from raysal.progress import Silent
from tests.support.asked_images import asked_for, asked_image, image_file, random_raster, take

SIZE = (40, 60)
REGIONS = [(2, 3, 10, 12), (20, 30, 8, 16)]


def ask(asked: Asked, out: Path, name: str = "coco", **options: Any) -> Any:
    return hand_out(asked, FORMATS[name], out, Options(**options), Silent())


def contents(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_handed_out(name: str, tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [asked_image("a/b 1", SIZE), asked_image("c", SIZE, REGIONS)])
    done = ask(asked, tmp_path / "to" / "out", name)
    assert (done.images, done.answered, done.failed) == (2, 0, [])
    file = "a__b 1.jpg" if FORMATS[name].flat else "a/b 1.jpg"
    images = rows(done.folder / "images.csv")
    assert [(row["image_id"], row["file"]) for row in images] == [("a/b 1", file), ("c", "c.jpg")]
    assert (done.folder / "images" / file).read_bytes() == asked.images[0].read()
    regions = [
        (row["image_id"], row["row"], row["width"]) for row in rows(done.folder / "regions.csv")
    ]
    assert regions == [("c", "2", "12"), ("c", "20", "16")]
    assert [row["name"] for row in rows(done.folder / "classes.csv")] == [
        *asked.class_names, "(not labelled)"
    ]  # fmt: skip
    assert AskFolder.read(done.folder).run == "mine"
    assert list(done.folder.parent.iterdir()) == [done.folder]


def test_regions_are_outlined_in_copies(tmp_path: Path) -> None:
    """Inside nothing changes; a line is around it, and the rest is dimmed."""
    data = image_file(SIZE, "PNG")
    asked = asked_for(tmp_path, [asked_image("c", SIZE, REGIONS, data=data)])
    original = np.array(Image.open(io.BytesIO(data)))
    shown = pixels(ask(asked, tmp_path / "out").folder / "images" / "c.png")
    np.testing.assert_array_equal(shown, outlined(original, REGIONS))
    np.testing.assert_array_equal(shown[2:12, 3:15], original[2:12, 3:15])
    assert (shown[12, 3:15] == (255, 255, 0)).all()
    assert shown[35:].mean() < original[35:].mean() / 2
    plain = ask(asked, tmp_path / "plain", outline=False).folder / "images" / "c.png"
    assert plain.read_bytes() == data
    selection = pixels(ask(asked, tmp_path / "png", "png").folder / "asked" / "c.png")
    assert selection.sum() == 255 * (10 * 12 + 8 * 16)


OWN_STEPS = {
    "png": "has pictures that are white where labels are asked",
    "coco": "the regions of an image are also in its key 'raysal_regions', as x, y, width, height",
    "cvat": "",
    "label-studio": "the rectangles 'asked' show the regions",
}


@pytest.mark.parametrize("name", FORMATS)
def test_steps_say_how_parts_are_shown(name: str, tmp_path: Path) -> None:
    to, line = FORMATS[name], "a yellow line is around each"
    whole = asked_for(tmp_path, [asked_image("c", SIZE)])
    asked = asked_for(tmp_path, [asked_image("c", SIZE, REGIONS)])
    out, plain, other = tmp_path / "out", tmp_path / "plain", tmp_path / "whole"
    ask(asked, out, name)
    found = steps(asked, to, out, Options())
    assert f"{line}, and all else is dimmed; {out}/regions.csv lists them" in found[0]
    assert OWN_STEPS[name] in " ".join(found)
    ask(asked, plain, name, outline=False)
    first = steps(asked, to, plain, Options(outline=False))[0]
    assert first == f"only regions are asked: {plain}/regions.csv lists them"
    ask(whole, other, name)
    assert "regions" not in " ".join(steps(whole, to, other, Options()))


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png")])
def test_turned_pictures_are_written_upright(kind: str, suffix: str, tmp_path: Path) -> None:
    data = image_file((6, 9), kind, orientation=6)
    asked = asked_for(tmp_path, [asked_image("i", (9, 6), data=data)])
    for images in ("copy", "link"):
        folder = ask(asked, tmp_path / images, images=images).folder / "images"
        with Image.open(folder / f"i{suffix}") as shown:
            assert (shown.size, shown.getexif().get(0x112, 1)) == ((6, 9), 1)
        if kind == "PNG":
            upright = np.rot90(np.array(Image.open(io.BytesIO(data))), -1)
            np.testing.assert_array_equal(pixels(folder / "i.png"), upright)


def test_pictures_that_programs_do_not_show_become_png(tmp_path: Path) -> None:
    data = image_file((6, 9), "TIFF")
    asked = asked_for(tmp_path, [asked_image("i", (6, 9), data=data, path=Path("x/i.tif"))])
    assert pixels(ask(asked, tmp_path / "out").folder / "images" / "i.png").shape == (6, 9, 3)


def test_links(tmp_path: Path) -> None:
    path = tmp_path / "photos" / "i.JPG"
    path.parent.mkdir()
    path.write_bytes(image_file(SIZE))
    here = asked_image("i", SIZE, REGIONS, data=path.read_bytes(), path=path)
    done = ask(asked_for(tmp_path, [here, asked_image("j", SIZE)]), tmp_path / "o", images="link")
    link = done.folder / "images" / "i.JPG"
    assert link.is_symlink()
    assert link.resolve() == path
    assert done.failed == [("j", "it has no file of its own; use --images copy")]


def test_urls(tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [asked_image("a/b 1", SIZE)])
    prefix = "https://example.org/photos/"
    folder = ask(asked, tmp_path / "out", "label-studio", images=prefix).folder
    assert not (folder / "images").exists()
    (task,) = json.loads((folder / "tasks.json").read_text())
    assert task["data"]["image"] == prefix + "a/b%201.jpg"
    assert not any("local" in step for step in FORMATS["label-studio"].steps(asked, folder))
    (image,) = json.loads((ask(asked, tmp_path / "coco", images=prefix).folder
                           / "annotations.json").read_text())["images"]  # fmt: skip
    assert image["coco_url"] == prefix + "a/b%201.jpg"
    with pytest.raises(ConfigError, match="--images move: write copy, link, or what stands"):
        Options(images="move")


def test_answered_images_are_left_out(tmp_path: Path) -> None:
    asked = asked_for(tmp_path, [asked_image("i"), asked_image("j"), asked_image("k")])
    for image, state in zip(asked.images, ("done", "draft", "unusable"), strict=True):
        raster = None if state == "unusable" else random_raster(image, 0)
        asked.store(image).save(Answer(image.image_id, raster, "ann", "x", state=state))  # type: ignore[arg-type]
    done = ask(asked, tmp_path / "out")
    assert (done.images, done.answered) == (1, 2)
    assert contents(done.folder / "images") == ["j.jpg"]
    assert ask(asked, tmp_path / "all", answered=True).images == 3
    asked.store(asked.images[1]).save(Answer("j", None, "ann", "x", state="unusable"))
    with pytest.raises(RunError, match=f"all 3 images that {tmp_path} asks for are answered"):
        ask(asked, tmp_path / "none")


def test_images_that_cannot_be_read_do_not_keep_others(tmp_path: Path) -> None:
    bad = [asked_image("bad", SIZE, data=b""), asked_image("other", (1, 2), data=image_file(SIZE))]
    done = ask(asked_for(tmp_path, [*bad, asked_image("i", SIZE)]), tmp_path / "out")
    assert contents(done.folder / "images") == ["i.jpg"]
    assert [image_id for image_id, _ in done.failed] == ["bad", "other"]
    assert "the image is now 40x60, and was 1x2" in done.failed[1][1]
    with pytest.raises(DataError, match="no image can be handed out; the first, 'bad'"):
        ask(asked_for(tmp_path, bad), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_prelabels_need_a_model(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"--prelabel: {tmp_path} has no trained model yet"):
        ask(asked_for(tmp_path), tmp_path / "out", prelabel=True)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    asked = asked_for(tmp_path)
    out, hidden = tmp_path / "out", tmp_path / ".out.raysal-ask"
    out.mkdir()
    ask(asked, out)
    before = contents(out)
    with pytest.raises(RunError, match="out was handed out before and may hold labels by now"):
        ask(asked, out)
    assert contents(out) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(RunError, match="choose an empty or new folder for what is asked"):
        ask(asked, tmp_path / "full")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="is a file, but a folder is needed"):
        ask(asked, tmp_path / "file")
    hidden.mkdir()
    (hidden / "mine.txt").touch()
    (tmp_path / "out").rename(tmp_path / "moved")
    with pytest.raises(RunError, match=r"raysal-ask holds files that raysal did not make \('mine"):
        ask(asked, out)
    assert contents(hidden) == ["mine.txt"]


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("name", FORMATS)
def test_a_killed_ask_can_be_repeated(name: str, tmp_path: Path) -> None:
    """At each image in turn; what `kill -9` leaves is put back after the cleaning up."""
    asked = asked_for(tmp_path)
    expected = contents(ask(asked, tmp_path / "whole", name).folder)
    draft, kept = tmp_path / ".out.raysal-ask", tmp_path / "kept"

    def die() -> bytes:
        shutil.copytree(draft, kept)
        raise _Killed

    for at in range(len(asked.images)):
        images = list(asked.images)
        images[at] = dataclasses.replace(images[at], read=die)
        with pytest.raises(_Killed):
            ask(dataclasses.replace(asked, images=tuple(images)), tmp_path / "out", name)
        assert not (tmp_path / "out").exists()
        kept.rename(draft)
    assert contents(ask(asked, tmp_path / "out", name).folder) == expected
    assert not draft.exists()


def test_the_folder_itself_is_taken_back(tmp_path: Path) -> None:
    asked = asked_for(tmp_path)
    folder = ask(asked, tmp_path / "out", "png").folder
    with pytest.raises(DataError, match="holds no labels"):
        take(asked, folder)
    raster = random_raster(asked.images[0], 1)
    path = folder / "masks" / "a" / "b" / "1.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(raster).save(path)
    rows = take(asked, folder)
    assert {image: row.result for image, row in rows.items()} == {"a/b/1": "taken"}
