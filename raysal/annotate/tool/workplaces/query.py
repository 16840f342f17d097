"""A query that `raysal select` has written, and the images that it is of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from raysal.annotate.asked import Asked, AskedImage, OwnRectangle
from raysal.annotate.places import Places, scores_by_image
from raysal.annotate.tool.prepare.guide import Guide, MapSource
from raysal.annotate.tool.workplace import RECENT_S, Unit, View, Workplace
from raysal.curate.predict_source import open_source
from raysal.curate.request import SIZE, check_query, read_request
from raysal.data.class_names import checked_classes
from raysal.data.hues import hues
from raysal.data.pixel_format import RGB
from raysal.data.sets.base import Colour
from raysal.errors import ConfigError, DataError, did_you_mean
from raysal.experiment.own_size import own_rectangle
from raysal.experiment.query import FILE, Ask, asks_of, by_image, read_query
from raysal.progress import Watch
from raysal.storage.document import Document

if TYPE_CHECKING:
    from raysal.models.checkpoint import LoadedModel

NAME = "query"


class Classes(Document):
    """`classes.json`: what the ids in the answers to a query mean."""

    file: ClassVar[str] = "classes.json"

    names: tuple[str, ...]


class Query(Workplace):
    """A query with its images.

    Args:
        query: folder of a query, or its Parquet file.
        images: folder or pool.
        class_names: None for those of the model, or of the answers that are there. New ones may
            be added at the end.
        model: folder or file of a trained model; None for none.
        out: folder for answers; None for `answers` beside the query.

    Raises:
        ConfigError: no classes are given, or others than the answers have.
        DataError: the query is damaged, or asks for an image that is not there.
        RaysalError: the images or the model cannot be read.
    """

    def __init__(
        self,
        query: Path,
        images: str,
        watch: Watch,
        class_names: Sequence[str] | None = None,
        model: Path | None = None,
        out: Path | None = None,
    ) -> None:
        super().__init__()
        folder = query.parent if query.is_file() else query
        self.title = folder.resolve().name
        self.root = out or folder / "answers"
        self.folder = self.root / "annotate"
        self._model = model
        kept = _kept(self.folder)
        given = kept or None if model is None and class_names is None else class_names
        self.class_names, self.palette, loaded = _classes(given, model)
        if kept and self.class_names[: len(kept)] != kept:
            raise ConfigError(
                f"--classes: the answers in {self.root} are of the classes {','.join(kept)}; begin "
                "with these, in this order, or give another --out"
            )
        asks = _asks(query)
        size = _working_size(folder, asks, None if loaded is None else loaded.working_size)
        self._pixels = RGB if loaded is None else loaded.pixels
        self._asked = self._asked_in(asks, images, size, watch)
        whole = all(image.whole for image in self._asked.images)
        self._unit: Unit = "images" if whole else "regions"

    def start(self) -> None:
        """From now on, answers are of these classes."""
        Classes(names=self.class_names).write(self.folder)

    def view(self) -> View:
        """All images."""
        left = self.index.left(self._asked, RECENT_S)
        done = f"all is labelled: {self.root}; `--export FOLDER` writes PNGs"
        return View(
            generation=NAME,
            heading=f"the query {self.title}",
            state="asks" if left else "finished",
            text="waits for your labels" if left else done,
            asked=self._asked,
            unit=self._unit,
            guides={}
            if self._model is None
            else {NAME: Guide(self._model, "model", map=MapSource())},
        )

    def _asked_in(
        self, asks: Sequence[Ask], images: str, size: tuple[int, int], watch: Watch
    ) -> Asked:
        wanted = by_image(asks)
        pool = open_source(images, self.root, watch).pool(self.folder / "pool", None, watch)
        places = Places(pool, wanted.keys())
        if missing := [image_id for image_id in wanted if image_id not in places.sizes]:
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            raise DataError(
                f"the query asks for '{missing[0]}'{more}, not in {images}"
                + did_you_mean(missing[0], pool.ids())
            )
        scores = scores_by_image(asks)
        return Asked(
            name=self.title,
            class_names=self.class_names,
            palette=self.palette,
            images=tuple(
                AskedImage(
                    image_id=image_id,
                    query=NAME,
                    size=places.sizes[image_id],
                    rectangles=tuple(_own(r, size, places.sizes[image_id]) for r in rectangles),
                    path=None,
                    read=partial(places.read, image_id),
                    scores=scores[image_id],
                    pixels=self._pixels,
                )
                for image_id, rectangles in wanted.items()
            ),
            answers=self.root,
            model=self._model,
        )


def _kept(folder: Path) -> tuple[str, ...]:
    """The classes of the answers that are there; empty if there are none yet."""
    return Classes.read(folder).names if (folder / Classes.file).exists() else ()


def _own(rectangle: OwnRectangle, size: tuple[int, int], own: tuple[int, int]) -> OwnRectangle:
    return own_rectangle(rectangle, size, own)


def _asks(query: Path) -> list[Ask]:
    if query.is_file():
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return asks_of(pq.read_table(query))
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise DataError(f"{query} is no query: {str(error).splitlines()[0]}") from None
    check_query(query)
    return read_query(query)


def _classes(
    names: Sequence[str] | None, model: Path | None
) -> tuple[tuple[str, ...], tuple[Colour, ...], LoadedModel | None]:
    """Names, colours, and the model."""
    if model is None:
        if names is None:
            raise ConfigError(
                "say which classes there are: --classes road,sky,car, or --model MODEL"
            )
        return checked_classes(names), hues(len(names)), None
    from raysal.models.checkpoint import load_model

    loaded = load_model(model)
    if names is not None and tuple(names) != loaded.class_names:
        raise ConfigError(
            f"--classes: the model has other ones ({', '.join(loaded.class_names)}); leave "
            "--classes out"
        )
    return loaded.class_names, loaded.palette, loaded


def _working_size(
    folder: Path, asks: Sequence[Ask], of_model: tuple[int, int] | None
) -> tuple[int, int]:
    """(height, width) of which the rectangles of a query are."""
    written = read_request(folder).get(SIZE) if (folder / FILE).exists() else None
    if written is not None:
        return int(written[0]), int(written[1])
    if not asks:
        raise DataError(f"the query in {folder} asks for nothing")
    if whole := [ask for ask in asks if ask.cost.images == 1]:
        return whole[0].height, whole[0].width
    if of_model is not None:
        return of_model
    raise DataError(
        f"the query in {folder} does not say of which size its regions are; give the --model that "
        "chose them, or select again"
    )
