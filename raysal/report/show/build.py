"""Build the figures of some images, and the page that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.errors import CheckpointError, DataError
from raysal.progress import Watch
from raysal.report.draw.names import safe_name
from raysal.report.draw.pictures import short_id
from raysal.report.draw.style import undrawable
from raysal.report.out_folder import check_out, write_files
from raysal.report.show.figures import (
    COMPARED,
    OF_IMAGE,
    Absences,
    Seen,
    check_inside,
    figure_of,
    models_figure,
    own_figure,
)
from raysal.report.show.grid import Classes, Row, draw
from raysal.report.show.images import Images
from raysal.report.show.models import ShownModel
from raysal.report.show.page import DrawnFigure, render
from raysal.report.show.panel import AbsentError
from raysal.report.show.view import View, window_of
from raysal.report.show.wanted import Figure, Wanted

PAGE = "show.html"
OWN = "panels"
OF_ONE = tuple(figure for figure in Figure if figure != Figure.models)


@dataclass(frozen=True)
class Shown:
    """What was written, and what was left out and why."""

    page: Path
    written: tuple[Path, ...]
    notes: tuple[str, ...]


def build_figures(
    models: Sequence[ShownModel],
    images: Images,
    names: Sequence[str],
    wanted: Wanted,
    out: Path,
    watch: Watch,
) -> Shown:
    """Draw the figures of all images, and write them and the page.

    Without names of figures or panels, all are drawn that the models and images have, and what is
    left out is noted: of one model every figure, of several the one that compares them.

    Args:
        names: of the images; see `Images.find`.
        out: folder to write into, created if necessary; files of earlier figures are replaced.

    Raises:
        AbsentError: a figure or a panel was asked for by name, but the model or the image has
            no such thing.
        ConfigError: a crop, a pixel or a tile is outside of the images.
        CheckpointError: the models read images in different tiles.
        DataError, PoolError: an image cannot be found or read.
        RunError: `out` holds files that are not of a report.
        OSError: no space, no permission.
    """
    check_out(out)
    check_inside(wanted, models[0].loaded.size)
    _check_tiles(models, wanted)
    loaded = models[0].loaded
    classes = Classes(loaded.class_names, loaded.palette)
    absences = Absences(strict=bool(wanted.panels))
    drawn: list[DrawnFigure] = []
    watch.start("draw", len(names) or None)
    for image in images.find(names):
        try:
            seen = [Seen(View(model, image, wanted), wanted, absences) for model in models]
            for name, model, rows in _figures(seen, wanted, absences):
                words = [model.label if model else "", seen[0].view.place]
                label = ", ".join(word for word in words if word)
                label = f"   ({label})" if label else ""
                png = draw(f"{short_id(image.image_id)}{label}", rows, classes)
                drawn.append(DrawnFigure(image.image_id, name, model, rows, png))
        except DataError as error:
            raise DataError(f"image '{image.image_id}': {error}") from error
        watch.advance(1)
    watch.finish()
    notes = [*images.notes, *absences.lines()]
    if lacking := undrawable([*classes.names, *(model.label for model in models)]):
        notes.append(
            f"No installed font has the letters of {', '.join(lacking[:5])}: figures show boxes; "
            "install one, such as Noto Sans CJK, and draw them again."
        )
    files = {_file(figure, models): figure.png for figure in drawn}
    page = render(models, drawn, notes)
    written = write_files(out, {**files, PAGE: page.encode()})
    return Shown(out / PAGE, written, tuple(notes))


def _check_tiles(models: Sequence[ShownModel], wanted: Wanted) -> None:
    first = models[0]
    for model in models:
        window_of(model.loaded, wanted.tile)
        if model.loaded.scene != first.loaded.scene:
            raise CheckpointError(
                f"{first.path} and {model.path} do not read images in the same tiles; show each by "
                "itself"
            )


def _figures(
    all_seen: Sequence[Seen], wanted: Wanted, absences: Absences
) -> Iterator[tuple[str, ShownModel | None, list[Row]]]:
    """Name, model (None if it shows several) and rows of each figure of an image."""
    several = len(all_seen) > 1
    if wanted.panels:
        if several:
            yield OWN, None, models_figure(all_seen, wanted.panels)
        else:
            yield OWN, all_seen[0].view.model, own_figure(all_seen[0])
        return
    by_name = bool(wanted.figures)
    figures = wanted.figures or ((Figure.models,) if several else OF_ONE)
    for figure in figures:
        if figure == Figure.models:
            yield figure, None, models_figure(all_seen, (*OF_IMAGE, *COMPARED))
            continue
        for seen in all_seen:
            try:
                rows = figure_of(figure, seen)
            except AbsentError as error:
                if by_name:
                    raise
                absences.note(figure, error)
            else:
                yield figure, seen.view.model, rows


def _file(figure: DrawnFigure, models: Sequence[ShownModel]) -> str:
    number = "" if figure.model is None or len(models) == 1 else f"-{_place(figure, models)}"
    return f"{safe_name(figure.image_id)}-{figure.name}{number}.png"


def _place(figure: DrawnFigure, models: Sequence[ShownModel]) -> int:
    return next(place for place, model in enumerate(models, 1) if model is figure.model)
