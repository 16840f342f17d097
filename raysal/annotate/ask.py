"""Hand out what a run asks: pictures, lists, and what a labelling program needs."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from raysal.annotate.asked import Asked, AskedImage, is_answered
from raysal.annotate.exchange.format import Format, Sheet
from raysal.annotate.exchange.names import file_stem, file_stems
from raysal.annotate.lists import REGIONS, Lists, write_classes
from raysal.annotate.pictures import link, picture, suffix_of
from raysal.annotate.prelabel import hash_of, note_prelabels, predictor
from raysal.errors import ConfigError, DataError, RunError
from raysal.progress import Watch
from raysal.storage.document import Document
from raysal.storage.foreign import check_unused, named, names_in
from raysal.storage.lock import FILE as LOCK
from raysal.storage.lock import locked

PICTURES = "images"
COPY, LINK = "copy", "link"


class AskFolder(Document):
    """`raysal-ask.json`: what a folder was handed out for; the first file in it."""

    file: ClassVar[str] = "raysal-ask.json"
    remedy: ClassVar[str] = "remove the folder and ask again"

    run: str
    format: str


@dataclass(frozen=True)
class Options:
    """How to hand out.

    Attributes:
        images: `copy`, `link`, or what is to stand in front of pictures' names in their URLs.
        prelabel: add the model's predictions.
        outline: draw what is asked into the pictures.
        answered: hand out those images again that are answered.
    """

    images: str = COPY
    prelabel: bool = False
    outline: bool = True
    answered: bool = False

    def __post_init__(self) -> None:
        if self.images not in (COPY, LINK) and "/" not in self.images:
            raise ConfigError(
                f"--images {self.images}: write copy, link, or what stands in front of the names "
                "in URLs, such as https://example.org/photos/"
            )


@dataclass
class HandedOut:
    """What was handed out.

    Attributes:
        images: their number.
        answered: number of images that are answered already and were left out.
        failed: (image id, reason) of those that cannot be handed out.
    """

    folder: Path
    images: int = 0
    answered: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def hand_out(asked: Asked, to: Format, out: Path, options: Options, watch: Watch) -> HandedOut:
    """Write a new folder, which appears when it is complete.

    Raises:
        RunError: something is in the folder's place; `--prelabel` without a model; all is answered.
        DataError: no image can be read, or the format cannot express the classes.
        OSError: no space, no permission.
    """
    if (out / AskFolder.file).exists():
        raise RunError(
            f"{out} was handed out before and may hold labels by now; choose a new folder"
        )
    check_unused(str(out), "what is asked")
    done = HandedOut(out)
    images = [image for image in asked.images if options.answered or not is_answered(asked, image)]
    done.answered = len(asked.images) - len(images)
    if not images:
        raise RunError(
            f"all {done.answered} images that {asked.run} asks for are answered; go on with "
            "`raysal run`, or hand them out again with --answered"
        )
    predict = predictor(asked) if options.prelabel else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with _draft(out, asked, to) as draft:
        work = _Work(asked, images, to, options, predict, draft, done, watch)
        watch.start("hand out", len(images))
        to.write(asked, work.sheets(), draft, out.name)
        watch.finish()
        if not done.images:
            image_id, reason = done.failed[0]
            raise DataError(f"no image can be handed out; the first, '{image_id}': {reason}")
        write_classes(draft, asked)
        note_prelabels(asked.answers, work.prelabels)
        os.sync()
        (draft / LOCK).unlink(missing_ok=True)
        draft.rename(out)
    return done


def steps(asked: Asked, to: Format, out: Path, options: Options) -> list[str]:
    """What to do with a folder that was handed out, a few lines for the user."""
    regions = out / REGIONS
    if not regions.exists():
        return list(to.steps(asked, out))
    marked = (
        "a yellow line is around each, and all else is dimmed; "
        if options.outline and options.images == COPY
        else ""
    )
    return [f"only regions are asked: {marked}{regions} lists them", *to.steps(asked, out)]


@dataclass
class _Work:
    """Writes the pictures and the lists, one image at a time."""

    asked: Asked
    images: list[AskedImage]
    to: Format
    options: Options
    predict: Any
    draft: Path
    done: HandedOut
    watch: Watch
    prelabels: dict[str, str] = field(default_factory=dict)

    def sheets(self) -> Iterator[Sheet]:
        """What the format is to write of each image."""
        stems = file_stems([image.image_id for image in self.images], self.to.flat)
        with contextlib.ExitStack() as stack:
            lists = Lists(self.draft, stack, any(not image.whole for image in self.images))
            for image, stem in zip(self.images, stems, strict=True):
                try:
                    sheet = self._sheet(image, stem)
                except DataError as error:
                    self.done.failed.append((image.image_id, str(error)))
                else:
                    self.done.images += 1
                    lists.add(sheet)
                    yield sheet
                self.watch.advance(1)

    def _sheet(self, image: AskedImage, stem: str) -> Sheet:
        data = image.read()
        file = stem + suffix_of(image, data)
        url = None
        if self.options.images in (COPY, LINK):
            self._place(image, data, self.draft / PICTURES / file)
        else:
            name = file_stem(image.image_id) + suffix_of(image, data)
            url = self.options.images + quote(name)
        prelabel, score = self.predict(image, data) if self.predict else (None, None)
        if prelabel is not None:
            self.prelabels[image.image_id] = hash_of(prelabel)
        return Sheet(image, file, url, prelabel, score)

    def _place(self, image: AskedImage, data: bytes, target: Path) -> None:
        linked = self.options.images == LINK
        made = picture(image, data, self.options.outline and not linked)
        target.parent.mkdir(parents=True, exist_ok=True)
        if linked and made is None:
            link(image, target)
        else:
            target.write_bytes(data if made is None else made)


@contextlib.contextmanager
def _draft(out: Path, asked: Asked, to: Format) -> Iterator[Path]:
    """A hidden folder beside `out`, which only one process writes; what a killed one left in it is
    removed.

    Raises:
        RunError: a folder of this name is not ours, or in use.
    """
    draft = out.with_name(f".{out.name}.raysal-ask")
    names = names_in(str(draft)) if draft.exists() else []
    if names and AskFolder.file not in names:
        raise RunError(
            f"{draft} holds files that raysal did not make ({named(names)}); move them, or choose "
            "another --out"
        )
    draft.mkdir(exist_ok=True)
    with locked(draft):
        try:
            _empty(draft)
            AskFolder(run=asked.name, format=to.name).write(draft)
            yield draft
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _empty(folder: Path) -> None:
    """The marker goes last, so that a killed removal can be repeated."""
    paths = [path for path in folder.iterdir() if path.name not in (LOCK, AskFolder.file)]
    for path in [*paths, folder / AskFolder.file]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
