"""`raysal model`."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import console
from raysal.cli.there import check_model
from raysal.errors import ConfigError

app = typer.Typer(help="Wrap, export or look at a model.", no_args_is_help=True)
Model = Annotated[Path, typer.Argument(help="The `model` folder of a round, or of `model wrap`.")]
SIDES = 16_384


class FormatName(StrEnum):
    """Formats of exported models."""

    pt2 = "pt2"
    onnx = "onnx"


@app.command()
def wrap(
    file: Annotated[
        Path, typer.Argument(help="An archive of torch.export (.pt2), or an ONNX file (.onnx).")
    ],
    out: Annotated[Path, typer.Option(help="The model folder to make.")],
    classes: Annotated[
        str | None,
        typer.Option(
            help="Names of the classes in the order of the logits, as road,sky,car, or a text file "
            "with one in each line."
        ),
    ] = None,
    size: Annotated[
        tuple[int, int] | None,
        typer.Option(help="HEIGHT WIDTH of its images in pixels. By default its fixed size."),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(min=1, max=16, help="Of its images. By default as many as it takes, or 3."),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            help="Mean of each channel that its images are normalised with, on a scale of 0 to 1, "
            "as 0.5,0.4,0.3. By default ImageNet's, or 0.449 if they are not three."
        ),
    ] = None,
    std: Annotated[
        str | None,
        typer.Option(help="Their standard deviation. By default ImageNet's, or 0.226."),
    ] = None,
    span: Annotated[
        str | None,
        typer.Option(
            "--range",
            metavar="LOW,HIGH",
            help="The stored values that become 0 and 1, as 0,4095. By default 0,255 for images "
            "with 8 bits, and 0,65535 with 16.",
        ),
    ] = None,
) -> None:
    """Make a model folder of an exported network, for score, predict, evaluate and annotate.

    It takes normalised images (B, D, H, W), RGB unless it has other channels, and returns class
    logits (B, C, h, w).
    """
    if size is not None and not all(1 <= side <= SIDES for side in size):
        raise ConfigError(f"--size: sides are 1 to {SIDES} pixels")
    names = None if classes is None else _names(classes)
    low_high = None if span is None else _values("--range", span)
    if low_high is not None and len(low_high) != 2:
        raise ConfigError(f"--range {span}: write two values, such as 0,4095")

    from raysal.config.settings import kept
    from raysal.curate.wrap import wrap_model

    made = wrap_model(
        file,
        kept(out),
        classes=names,
        size=size,
        channels=channels,
        mean=None if mean is None else _values("--mean", mean),
        std=None if std is None else _values("--std", std),
        span=None if low_high is None else (low_high[0], low_high[1]),
    )
    batch = made.exported.batch
    batches = f"{batch.fewest} or more" if batch.most is None else f"{batch.fewest} to {batch.most}"
    if batch.fewest == batch.most:
        batches = f"{batch.most}; others are padded"
    mean_of, std_of = made.pixels.normal
    other = "no other size" if made.fixed_size else "others are possible"
    console.print(f"images of {made.size[0]}x{made.size[1]}, height x width ({other})")
    if made.pixels.channels != 3:
        console.print(f"channels: {made.pixels.channels}")
    console.print(f"images at a time: {batches}")
    console.print(f"normalised with mean {_numbers(mean_of)}, deviation {_numbers(std_of)}")
    console.print(f"{len(made.classes)} classes: {', '.join(made.classes)}")
    console.print(f"model: {made.folder}")


@app.command()
def export(
    model: Model,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    kind: Annotated[
        FormatName, typer.Option("--as", help="An archive of torch.export, or ONNX.")
    ] = FormatName.pt2,
) -> None:
    """Export a trained model: logits of normalised images, in batches of any size."""
    check_model(model)

    from raysal.config.settings import kept
    from raysal.curate.export import TOLERANCE, export_model

    made = export_model(model, kind.value, kept(out))
    height, width = made.note["size"]
    console.print(
        f"input: float32 (batch, {len(made.note['mean'])}, {height}, {width}), each channel on a "
        f"scale of 0 to 1, less the mean {_numbers(made.note['mean'])}, by the deviation "
        f"{_numbers(made.note['std'])}"
    )
    console.print(f"output: logits (batch, {len(made.note['classes'])}, {height}, {width})")
    console.print(
        f"largest difference to the model's logits: {made.difference:.2g} of the largest "
        f"(allowed: {TOLERANCE:g})"
    )
    console.print(f"written: {made.file}")


@app.command()
def show(model: Model) -> None:
    """Show what a model is, and which strategies it can serve."""
    check_model(model)

    from raysal.curate.about_model import about_model

    about = about_model(model)
    loaded = about.loaded
    config, count = loaded.config, loaded.model.parameter_count
    what = [config.name, config.arch, config.encoder, config.factory]
    if config.exported is not None:
        what.append(config.exported.format)
    table = Table("", "", show_header=False)
    table.add_row("network", ", ".join(part for part in what if part))
    table.add_row("parameters", "unknown" if count is None else f"{count:,}")
    table.add_row("size", f"{loaded.size[0]}x{loaded.size[1]}, height x width")
    if loaded.scene is not None:
        height, width = loaded.scene.size
        table.add_row(
            "reads", f"scenes of {height}x{width} in tiles, {loaded.scene.tile.overlap} overlapping"
        )
    table.add_row("classes", f"{len(loaded.class_names)}: {', '.join(loaded.class_names)}")
    table.add_row("trained on", about.trained_on or "unknown")
    table.add_row("digest", loaded.digest)
    table.add_row("strategies", ", ".join(about.serves))
    console.print(table)
    for name, why in about.lacks.items():
        console.print(f"not {name}: {why.partition('; ')[0]}")


def _names(classes: str) -> list[str]:
    if Path(classes).is_file():
        from raysal.data.lists import read_lines

        return [line.text for line in read_lines(Path(classes))]
    return [name.strip() for name in classes.split(",")]


def _values(option: str, text: str) -> tuple[float, ...]:
    """The numbers of an option.

    Raises:
        ConfigError: there is something else.
    """
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or not all(map(math.isfinite, values)):
        raise ConfigError(f"{option} {text}: write numbers with commas, as 0.5,0.4,0.3")
    return values


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)
