"""`raysal predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.pool import AllowOutside, MaxMegapixels
from raysal.cli.terminal import Terminal, console, duration
from raysal.cli.there import check_images, check_model
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.errors import ConfigError

if TYPE_CHECKING:
    from raysal.curate.predict import Predictions


def predict(
    model: Annotated[Path, typer.Argument(help="The `model` folder of a round.")],
    images: Annotated[
        str, typer.Argument(help="Folder of images, at any depth, or folder or URI of a pool.")
    ],
    out: Annotated[str, typer.Option(help="Folder to write the predictions to.")] = "predictions",
    overlay: Annotated[
        bool, typer.Option(help="Also write each image under the colours of its classes.")
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting of the engine: --set engine.name=local."),
    ] = None,
    allow_outside: AllowOutside = None,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Predict the classes of images at their own size. To resume, run it again."""
    from raysal.config.load import apply_overrides, validate
    from raysal.config.settings import kept
    from raysal.engine.config import EngineChoice

    if "://" in out:
        raise ConfigError(f"--out '{out}': predictions are written to a local folder, not to a URI")
    engine = validate(EngineChoice, apply_overrides({}, settings or []), "--set").engine

    from raysal.data.pool.outside import Permits

    permits = Permits.of(allow_outside, max_megapixels)

    check_images(images)
    check_model(model)

    from raysal.curate.predict import predict_images
    from raysal.engine.build import build_engine

    with Terminal() as watch:
        result = predict_images(
            model,
            images,
            kept(out),
            lambda: build_engine(engine),
            watch,
            overlay=overlay,
            permits=permits,
        )
    _print(result)


def _print(result: Predictions) -> None:
    for image_id, reason in result.bad:
        console.print(f"set aside '{image_id}': {reason}")
    table = Table("id", "class", "pixels", "images")
    for class_id, total in enumerate(result.classes):
        table.add_row(str(class_id), total.name, f"{100 * total.share:.1f} %", str(total.images))
    console.print(table)
    if result.new:
        rate = result.new / result.seconds
        console.print(
            f"{result.new} images predicted in {duration(result.seconds)}, {rate:.1f} images/s"
        )
    else:
        console.print("nothing to predict that is not there already")
    if result.confidence is not None:
        console.print(f"mean confidence {result.confidence:.3f}")
    console.print(f"masks of {result.images} images: {result.folder.masks}")
    console.print(f"shares of classes: {result.folder.table}")
