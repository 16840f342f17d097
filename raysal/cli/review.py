"""`raysal review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console
from raysal.cli.there import check_run
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.review.found import Found, Review

SHOWN = 10


def review(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[
        Path | None, typer.Option(help="New folder to write to [`review` in the run].")
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="Train so many models for the first labels, each without a part of them; with 0, "
            "the last model judges them, which has seen them.",
        ),
    ] = 0,
    top: Annotated[
        int, typer.Option(min=1, help="Suspects to draw, and to show in `raysal annotate`.")
    ] = 100,
) -> None:
    """Find labels that are probably wrong: models that have not seen them contradict them."""
    if folds == 1:
        raise ConfigError(
            "--folds 1: a model is trained without a part of the labels; give 2 or more"
        )
    check_run(run)

    from raysal.config.settings import kept
    from raysal.engine.build import build_engine
    from raysal.experiment.layout import RunLayout
    from raysal.report.review.pictures import write_pictures
    from raysal.review.run import review_run

    layout = RunLayout(run)
    folder = layout.review if out is None else kept(out)
    with Terminal() as watch:
        done = review_run(
            run, folder, lambda config: build_engine(config.engine), watch, folds=folds, top=top
        )
        pictures = write_pictures(done.config, layout, done.found[:top], done.judged, folder, watch)
    announce(done.review, done.found, done.config.data.class_names)
    for image_id, reason in done.bad[:SHOWN]:
        console.print(f"not read: {image_id}: {reason}")
    console.print(f"written: {folder}, with {len(pictures)} pictures")
    if done.found:
        console.print(f"to correct them: raysal annotate {folder}")


def announce(found: Review, suspects: list[Found], names: tuple[str, ...]) -> None:
    """Print who judged what, the first suspects, and how many are errors if that is known."""
    judges = Table("labels", "judged by", "images", "estimated wrong [%]")
    for part in found.parts:
        by = f"{part.by}, which was trained on them" if part.seen else part.by
        wrong = f"{100 * part.errors / part.pixels:.2f}" if part.pixels else "-"
        judges.add_row(part.query, by, str(part.images), wrong)
    console.print(judges)
    table = Table("rank", "image", "labelled", "looks like", "pixels", "query")
    for rank, one in enumerate(suspects[:SHOWN], start=1):
        s = one.suspect
        labelled, like = names[s.given], names[s.predicted]
        table.add_row(str(rank), one.image_id, labelled, like, str(s.pixels), one.query)
    console.print(table)
    if found.precision:
        console.print(
            "errors among the first suspects: "
            + ", ".join(f"{share:.0f} % of {n}" for n, share in found.precision.items())
        )
    if any(part.seen for part in found.parts):
        console.print(
            "the first labels were judged by a model that was trained on them and may have learned "
            "their errors: --folds 3 trains models that have not"
        )
