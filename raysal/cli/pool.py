"""`raysal pool`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from raysal.cli.show import Terminal, console
from raysal.config.load import apply_overrides, validate
from raysal.config.settings import kept
from raysal.data.pool.contact_sheet import contact_sheet
from raysal.data.pool.reader import Pool
from raysal.data.pool.stats import pool_stats
from raysal.data.pool.writer import dataset_sources, folder_sources, write_pool
from raysal.data.sets.registry import DATASETS, DatasetChoice
from raysal.errors import ConfigError
from raysal.storage.uri import shown

app = typer.Typer(help="Make or inspect a Parquet pool of images.", no_args_is_help=True)


@app.command()
def build(
    source: Annotated[
        str, typer.Argument(help="A folder of JPEG/PNG files (any depth), or a data set's name.")
    ],
    out: Annotated[
        str, typer.Argument(help="Where the pool goes: a folder or a URI like s3://...")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the data set: --set root=data/camvid."),
    ] = None,
    embed: Annotated[
        bool, typer.Option(help="Keep the image bytes in the pool, or only where they lie.")
    ] = True,
    max_bad_share: Annotated[
        float, typer.Option(min=0, max=1, help="More unreadable images than this is an error.")
    ] = 0.01,
) -> None:
    """Make a pool from a folder tree or from the train split of a data set."""
    names = [kind.model_fields["name"].default for kind in DATASETS]
    if source in names and not Path(source).is_dir():
        choice = validate(
            DatasetChoice, {"data": apply_overrides({"name": source}, overrides or [])}, source
        )
        if not embed:
            raise ConfigError("--no-embed is for folders: a data set's images are kept in the pool")
        choice.data.check()
        sources = dataset_sources(choice.data)
    else:
        sources = folder_sources(source, embed)
    out = out if "://" in out else str(kept(out))
    with Terminal() as watch:
        watch.start("build pool", len(sources))
        pool = write_pool(
            sources, out, max_bad_share=max_bad_share, progress=lambda _: watch.advance(1)
        )
        watch.finish()
    for image_id, reason in pool.bad:
        console.print(f"set aside '{image_id}': {reason}")
    console.print(f"pool: {shown(out)} ({pool.images} images, {len(pool.shards)} shard(s))")


@app.command()
def show(
    pool: Annotated[str, typer.Argument(help="The pool's folder or URI.")],
    sheet: Annotated[Path, typer.Option(help="Where the contact sheet goes (PNG).")] = Path(
        "contact_sheet.png"
    ),
    images: Annotated[int, typer.Option(min=1, help="Images on the contact sheet.")] = 40,
) -> None:
    """Print counts, sizes and bad files, and draw a contact sheet."""
    opened = Pool.open(pool)
    stats = pool_stats(opened)
    table = Table(title=shown(pool), show_header=False)
    table.add_row("images", f"{stats.images}")
    table.add_row("shards / row groups", f"{len(opened.shards)} / {len(opened.units)}")
    table.add_row("encoded bytes", f"{stats.bytes / 2**20:.1f} MiB")
    for (height, width), count in stats.sizes.most_common(8):
        table.add_row(f"height {height} x width {width}", f"{count}")
    table.add_row("same content twice", f"{stats.duplicates}")
    table.add_row("set aside as unreadable", f"{len(opened.bad)}")
    console.print(table)
    for image_id, reason in opened.bad:
        console.print(f"set aside '{image_id}': {reason}")
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_bytes(contact_sheet(opened, images))
    console.print(f"contact sheet: {sheet}")
