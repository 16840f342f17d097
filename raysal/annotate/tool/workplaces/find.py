"""What a user means by a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.annotate.tool.workplace import Workplace
from raysal.errors import ConfigError
from raysal.experiment.layout import QUERY_FILE, REVIEW_FILE, RunLayout
from raysal.progress import Watch
from raysal.storage.seal import hash_bytes

DEMO = Path("raysal-demo")


@dataclass(frozen=True)
class Place:
    """What is given on the command line; None for what is not.

    Attributes:
        path: of a run or a query.
        images, classes, model: of a query.
        out: for answers to a query, or of the demo.
    """

    path: Path | None = None
    demo: bool = False
    images: str | None = None
    classes: Sequence[str] | None = None
    model: Path | None = None
    out: Path | None = None
    read_only: bool = False


def find_workplace(place: Place, watch: Watch) -> Workplace:
    """Open what is to be annotated.

    Raises:
        ConfigError: options that do not belong to it, or too few.
        RaysalError: it cannot be read.
    """
    if place.demo == (place.path is not None):
        raise ConfigError("give the folder of a run, of a query or of a review, or --demo")
    if place.path is not None and place.path.suffix in (".yaml", ".yml") and place.path.is_file():
        raise ConfigError(
            f"{place.path} is a configuration; give the folder of its run, such as runs/<name>"
        )
    if place.path is not None and _is_query(place.path):
        return _query(place, place.path, watch)
    of_query = {"--images": place.images, "--classes": place.classes, "--model": place.model}
    if given := [option for option, value in of_query.items() if value is not None]:
        what = "the demo" if place.demo else f"{place.path}, which holds no query"
        raise ConfigError(f"{given[0]} is for a query, not for {what}")
    if place.path is None:
        from raysal.annotate.tool.workplaces.demo import Demo

        return _elsewhere(Demo(place.out or DEMO), place.read_only)
    if place.out is not None:
        raise ConfigError(
            "--out is for a query or the demo; the answers of a run or review are in its folder"
        )
    if (place.path / REVIEW_FILE).exists():
        from raysal.annotate.tool.workplaces.review import ReviewPlace

        return _elsewhere(ReviewPlace(place.path), place.read_only)
    return _run(place.path, place.read_only)


def _query(place: Place, path: Path, watch: Watch) -> Workplace:
    from raysal.annotate.tool.workplaces.query import Query

    if place.images is None:
        raise ConfigError(f"say where the images of {path} are: --images FOLDER")
    query = Query(path, place.images, watch, place.classes, place.model, place.out)
    return _elsewhere(query, place.read_only)


def _run(path: Path, read_only: bool) -> Workplace:
    from raysal.annotate.of_run import config_of
    from raysal.annotate.tool.workplaces.look import Look
    from raysal.annotate.tool.workplaces.run import Run
    from raysal.experiment.record import read_records
    from raysal.experiment.stop import is_over

    layout = RunLayout(path)
    config = config_of(layout)
    if config.oracle == "people" and not is_over(read_records(layout), config.al.rounds):
        return _elsewhere(Run(path), read_only)
    return Look(path, _own_folder(path))


def _is_query(path: Path) -> bool:
    return path.is_file() or (path / QUERY_FILE).exists()


def _elsewhere(workplace: Workplace, read_only: bool) -> Workplace:
    """Where nothing is to be written, the files of the tool are in the user's cache."""
    if read_only:
        workplace.folder = _own_folder(workplace.folder)
    return workplace


def _own_folder(path: Path) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "raysal" / "annotate" / hash_bytes(str(path.resolve()).encode())
