"""`raysal pool`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from raysal.cli.terminal import Terminal, console
from raysal.data.opening import MAX_MEGAPIXELS

if TYPE_CHECKING:
    from raysal.data.pixel_format import PixelFormat
    from raysal.data.pool.sources import Source

app = typer.Typer(help="Build or inspect a Parquet pool of images.", no_args_is_help=True)
SIZES_SHOWN = 8
LONGEST_SIDE = 16_384
# Of every command that reads a pool, which may come from a stranger; see `Permits`.
AllowOutside = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-outside",
        metavar="PREFIX",
        help="Folder or URI, such as s3://bucket/images, that the pool may name files in.",
    ),
]
MaxMegapixels = Annotated[
    float,
    typer.Option(min=0.001, help="Treat larger images as unreadable; see data.max_megapixels."),
]


@app.command()
def build(
    source: Annotated[
        str,
        typer.Argument(help="Folder of images, at any depth, or name of a data set."),
    ],
    out: Annotated[str, typer.Argument(help="Folder or URI (s3://...) to write the pool to.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting of the data set, such as --set root=data/camvid."),
    ] = None,
    embed: Annotated[
        bool, typer.Option(help="Store the images in the pool, or only their paths.")
    ] = True,
    size: Annotated[
        tuple[int, int] | None,
        typer.Option(
            metavar="HEIGHT WIDTH",
            help="Store the images at this size, such as that of the network (data.size).",
        ),
    ] = None,
    max_bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if more than this share is unreadable.")
    ] = 0.01,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Build a pool from a folder, or from the train split of a data set."""
    from raysal.config.settings import kept
    from raysal.data.pool.writer import write_pool
    from raysal.storage.uri import shown

    sources = _sources(source, overrides or [], embed)
    if size is not None:
        sources = _at_size(sources, size, max_megapixels)
    out = out if "://" in out else str(kept(out))
    with Terminal() as watch:
        watch.start("build pool", len(sources))
        pool = write_pool(
            sources,
            out,
            max_bad_share=max_bad_share,
            max_megapixels=max_megapixels,
            progress=lambda _: watch.advance(1),
            say=watch.say,
        )
        watch.finish()
    for image_id, reason in pool.bad:
        console.print(f"set aside '{image_id}': {reason}")
    console.print(f"pool: {shown(out)} ({pool.images} images, {len(pool.shards)} shard(s))")


@app.command()
def show(
    pool: Annotated[str, typer.Argument(help="Folder or URI of the pool.")],
    sheet: Annotated[Path, typer.Option(help="PNG file to write the contact sheet to.")] = Path(
        "contact_sheet.png"
    ),
    images: Annotated[int, typer.Option(min=1, help="Number of images on the contact sheet.")] = 40,
    channels: Annotated[
        str,
        typer.Option(help="Of images of many channels, the one or three to show, such as 3,1,0."),
    ] = "",
    allow_outside: AllowOutside = None,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
) -> None:
    """Print counts, sizes and unreadable files, and draw a contact sheet."""
    from raysal.data.pool.contact_sheet import check_sheet, contact_sheet
    from raysal.data.pool.outside import Permits
    from raysal.data.pool.pool import Pool
    from raysal.data.pool.stats import pool_stats
    from raysal.storage.atomic import write_bytes
    from raysal.storage.uri import shown

    check_sheet(sheet)
    pixels = _shown_channels(channels)
    opened = Pool.open(pool, Permits.of(allow_outside, max_megapixels))
    stats = pool_stats(opened)
    table = Table(title=shown(pool), show_header=False)
    table.add_row("images", f"{stats.images}")
    table.add_row("shards / row groups", f"{len(opened.shards)} / {len(opened.units)}")
    table.add_row("encoded bytes", f"{stats.bytes / 2**20:.1f} MiB")
    for (height, width), count in stats.sizes.most_common(SIZES_SHOWN):
        table.add_row(f"height {height} x width {width}", f"{count}")
    table.add_row("duplicates by content", f"{stats.duplicates}")
    table.add_row("set aside as unreadable", f"{len(opened.bad)}")
    console.print(table)
    for image_id, reason in opened.bad:
        console.print(f"set aside '{image_id}': {reason}")
    sheet.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(sheet, contact_sheet(opened, images, pixels))
    console.print(f"contact sheet: {sheet}")


def _at_size(sources: list[Source], size: tuple[int, int], max_megapixels: float) -> list[Source]:
    """See `at_size`.

    Raises:
        ConfigError: no image can have this size.
    """
    from raysal.data.pool.sources import at_size
    from raysal.errors import ConfigError

    if min(size) < 1 or max(size) > LONGEST_SIDE:
        raise ConfigError(
            f"--size {size[0]} {size[1]}: give height and width in pixels, each from 1 to "
            f"{LONGEST_SIDE}"
        )
    return at_size(sources, size, max_megapixels)


def _shown_channels(text: str) -> PixelFormat:
    """The format that shows the channels of an option.

    Raises:
        ConfigError: they are not one or three numbers.
    """
    from raysal.data.pixel_format import MAX_CHANNELS, PixelFormat
    from raysal.errors import ConfigError

    numbers = [part.strip() for part in text.split(",")] if text else []
    shown = tuple(int(part) for part in numbers if part.isdecimal())
    if (
        len(shown) != len(numbers)
        or len(shown) not in (0, 1, 3)
        or max(shown, default=0) >= MAX_CHANNELS
    ):
        raise ConfigError(f"--channels {text}: write one or three channels, from 0, such as 3,1,0")
    return PixelFormat(channels=MAX_CHANNELS, show=shown) if shown else PixelFormat()


def _sources(source: str, overrides: list[str], embed: bool) -> list[Source]:
    """The images of a folder, or of a data set if there is no folder of that name."""
    from raysal.config.load import apply_overrides, validate
    from raysal.data.pool.sources import dataset_sources, folder_sources
    from raysal.data.sets.registry import DATASETS, DatasetChoice
    from raysal.errors import ConfigError

    names = [kind.model_fields["name"].default for kind in DATASETS]
    if source not in names or Path(source).is_dir():
        return folder_sources(source, embed, console.print)
    values = {"data": apply_overrides({"name": source}, overrides)}
    dataset = validate(DatasetChoice, values, source).data
    if not embed:
        raise ConfigError("--no-embed works with folders only; a data set's images are embedded")
    dataset.check()
    for line in dataset.remarks():
        console.print(line)
    return dataset_sources(dataset)
