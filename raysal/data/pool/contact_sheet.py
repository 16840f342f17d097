"""Contact sheet of a pool: thumbnails of some of its images."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import PoolRow
from raysal.data.visible import visible_image
from raysal.errors import DataError, RunError

THUMB_WIDTH, THUMB_HEIGHT, CAPTION = 160, 120, 14
# Entered in the PNG file, so that it is known as a contact sheet.
SOFTWARE = "raysal contact sheet"


def contact_sheet(pool: Pool, images: int, pixels: PixelFormat = RGB) -> bytes:
    """A PNG of up to `images` thumbnails with their ids, taken from the pool at even steps.

    Args:
        pixels: the channels of the images, and which of them to show.

    Raises:
        PoolError: a shard is missing or damaged.
    """
    step = max(1, math.ceil(pool.images / images))
    wanted = {image_id for index, image_id in enumerate(pool.ids()) if index % step == 0}
    tiles = [_tile(row.image_id, row, pixels) for row in pool.fetch(wanted)]
    columns = min(8, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    height = THUMB_HEIGHT + CAPTION
    sheet = Image.new("RGB", (columns * THUMB_WIDTH, rows * height), "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % columns * THUMB_WIDTH, index // columns * height))
    buffer = io.BytesIO()
    info = PngInfo()
    info.add_text("Software", SOFTWARE)
    sheet.save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def check_sheet(file: Path) -> None:
    """Check that a contact sheet may be written to a file: that it is absent or a contact sheet.

    Raises:
        RunError: it is something else.
    """
    if not file.exists():
        return
    try:
        with Image.open(file) as image:
            ours = image.info.get("Software") == SOFTWARE
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        ours = False
    if not ours:
        raise RunError(
            f"'{file}' is not a contact sheet of raysal and would be overwritten; give the sheet "
            "another name"
        )


def _tile(image_id: str, row: PoolRow, pixels: PixelFormat) -> Image.Image:
    tile = Image.new("RGB", (THUMB_WIDTH, THUMB_HEIGHT + CAPTION), "white")
    try:
        image = visible_image(row.data, (THUMB_HEIGHT, THUMB_WIDTH), row.max_megapixels, pixels)
    except DataError:
        image = np.full((THUMB_HEIGHT, THUMB_WIDTH, 3), 90, np.uint8)
    tile.paste(Image.fromarray(image), (0, 0))
    # Long ids differ at the end rather than at the beginning.
    ImageDraw.Draw(tile).text((2, THUMB_HEIGHT + 1), image_id[-26:], fill="black")
    return tile
