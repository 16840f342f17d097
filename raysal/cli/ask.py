"""`raysal ask`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from raysal.cli.terminal import Terminal, console
from raysal.data.text import on_one_line

FAILED_SHOWN = 10


def ask(
    run: Annotated[Path, typer.Argument(help="Folder of a run, such as runs/<name>.")],
    out: Annotated[Path, typer.Option(help="New folder for what is handed out.")],
    kind: Annotated[str, typer.Option("--as", help="png, coco, cvat or label-studio.")] = "png",
    images: Annotated[
        str,
        typer.Option(help="copy, link, or what stands in front of the images' names in URLs."),
    ] = "copy",
    prelabel: Annotated[
        bool, typer.Option("--prelabel", help="Add the model's predictions, to be corrected.")
    ] = False,
    answered: Annotated[
        bool, typer.Option("--answered", help="Also hand out images that are answered already.")
    ] = False,
    outline: Annotated[
        bool,
        typer.Option(
            "--outline/--no-outline", help="Draw the regions that are asked into copied images."
        ),
    ] = True,
) -> None:
    """Hand out the images that a run asks people to label."""
    from raysal.annotate.ask import Options, hand_out, steps
    from raysal.annotate.exchange.registry import format_named
    from raysal.annotate.of_run import asked_of

    to = format_named(kind)
    options = Options(images=images, prelabel=prelabel, outline=outline, answered=answered)
    asked = asked_of(run)
    with Terminal() as watch:
        done = hand_out(asked, to, out, options, watch)
    for image_id, reason in done.failed[:FAILED_SHOWN]:
        console.print(on_one_line(f"left out: '{image_id}': {reason}"))
    if len(done.failed) > FAILED_SHOWN:
        console.print(f"left out: {len(done.failed) - FAILED_SHOWN} more images")
    left = f" ({done.answered} more are answered already)" if done.answered else ""
    console.print(f"{done.images} images to label in {out}{left}")
    for number, step in enumerate(steps(asked, to, out, options), 1):
        console.print(f"  {number}. {step}")
    source = str(out) if to.name == "png" else "EXPORT"
    console.print(
        f"then take the labels back: raysal answer {shlex.quote(str(run))} {shlex.quote(source)}"
    )
