"""Masks in pictures: class ids, or colours that stand for classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from raysal.annotate.exchange.classes import Classes, check_ids, distinct, ids_of_colours
from raysal.annotate.exchange.format import Drawn
from raysal.data.decode import IGNORE
from raysal.data.opening import opened
from raysal.data.pixels import as_ids, as_rgb, check_lossless, upright
from raysal.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

SAY_WHICH = "say which is right with --ids or --colours"
_ALPHA = ("RGBA", "LA", "PA")
_GREYS = np.repeat(np.arange(IGNORE + 1, dtype=np.uint8)[:, None], 3, axis=1)


@dataclass(frozen=True)
class Readings:
    """What a mask can mean.

    Attributes:
        ids: (H, W) integers that it stores, not checked; None if it has several channels that
            differ.
        colours: uint8 (H, W) class ids of its colours, 255 where unlabelled or transparent; None
            if they are not those of the classes, `why_no_colours` says why.
        stored_as_ids: whether it looks as masks of class ids do: with one channel.
        coloured: whether a colour other than black is a class's, and all others are too.
    """

    ids: np.ndarray | None
    colours: np.ndarray | None
    why_no_colours: str
    stored_as_ids: bool
    coloured: bool


def read_mask(data: bytes, classes: Classes, by_colour: bool | None) -> Drawn:
    """The class ids of a mask.

    Args:
        data: an image file.
        by_colour: whether its colours count, or its ids; None takes what fits the classes.

    Raises:
        DataError: damaged, stored with loss, with ids or colours of no class, or with both and
            they differ.
    """
    readings = readings_of(data, classes)
    if by_colour:
        return Drawn(_colours(readings))
    if by_colour is False:
        return Drawn(_ids(readings, classes))
    if not readings.stored_as_ids:
        if readings.colours is not None:
            return Drawn(readings.colours)
        if readings.ids is None:
            raise DataError(readings.why_no_colours)
        return Drawn(_ids(readings, classes), ("in three equal channels: read as class ids",))
    try:
        ids = _ids(readings, classes)
    except DataError:
        if readings.colours is None:
            raise
        return Drawn(readings.colours, ("read by its colours, because its ids are of no class",))
    if readings.coloured and not _agree(readings, ids):
        raise DataError(f"its ids and its colours stand for different classes; {SAY_WHICH}")
    return Drawn(ids)


def readings_of(data: bytes, classes: Classes) -> Readings:
    """What a mask stores.

    Raises:
        DataError: damaged, or stored with loss.
    """
    with opened(data) as image:
        check_lossless(image, data)
        image = upright(image, data)
        if image.mode in ("L", "P"):
            values = np.asarray(image)
            return _of_palette(as_ids(image, data), values, _palette(image), classes)
        one_channel = image.mode not in ("RGB", "RGBX", *_ALPHA)
        ids = as_ids(image, data) if one_channel else None
        alpha = np.asarray(image.getchannel("A")) if image.mode in _ALPHA else None
        rgb = np.asarray(as_rgb(image))
    if ids is None and alpha is None and (rgb == rgb[..., :1]).all():
        ids = rgb[..., 0]
    return _with_colours(ids, rgb, alpha, classes, one_channel)


def ids_in(data: bytes, classes: Classes, by_colour: bool | None) -> np.ndarray | None:
    """The class ids that occur in a mask, sorted and not checked; None if it may be in colours.

    Args:
        by_colour: see `read_mask`.

    Raises:
        DataError: damaged, or stored with loss.
    """
    if by_colour:
        return None
    with opened(data) as image:
        check_lossless(image, data)
        image.load()
        if image.mode in _ALPHA:
            return None
        if image.mode in ("RGB", "RGBX"):
            rgb = np.asarray(as_rgb(image))
            if not (rgb == rgb[..., :1]).all():
                return None
            ids, values, palette = rgb[..., 0], rgb[..., 0], _GREYS
        else:
            ids = as_ids(image, data)
            if image.mode not in ("L", "P"):
                return distinct(ids)
            values, palette = np.asarray(image), _palette(image)
        used = distinct(values)
    shown = _with_colours(None, palette[used][None], None, classes, True)
    return None if shown.coloured and by_colour is None else distinct(ids)


def to_png(raster: np.ndarray, classes: Classes) -> bytes:
    """A PNG whose palette holds the colours of the classes, so that it shows them and stores ids.

    Args:
        raster: uint8 (H, W), 255 unlabelled.
    """
    import io

    from PIL import Image

    palette = np.full((IGNORE + 1, 3), classes.unlabelled, np.uint8)
    palette[: len(classes.palette)] = classes.palette
    image = Image.fromarray(raster)
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    # With all 256 entries and 8 bits, which editors keep.
    image.save(buffer, format="PNG", compress_level=3, bits=8)
    return buffer.getvalue()


def _palette(image: Image.Image) -> np.ndarray:
    """The colours of values 0..255 of an image with a palette, or in shades of grey."""
    if image.mode == "L":
        return _GREYS
    palette = np.zeros((IGNORE + 1, 3), np.uint8)
    colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    palette[: len(colours)] = colours
    return palette


def _of_palette(
    ids: np.ndarray, values: np.ndarray, palette: np.ndarray, classes: Classes
) -> Readings:
    """Colours are looked up in the palette only: that is faster than in the picture."""
    used = distinct(values)
    found = _with_colours(None, palette[used][None], None, classes, True)
    if found.colours is None:
        return replace(found, ids=ids)
    by_value = np.full(IGNORE + 1, IGNORE, np.uint8)
    by_value[used] = found.colours[0]
    same = np.array_equal(by_value[used], used) and np.array_equal(ids, values)
    return replace(found, ids=ids, colours=ids if same else by_value[values])


def _with_colours(
    ids: np.ndarray | None,
    rgb: np.ndarray,
    alpha: np.ndarray | None,
    classes: Classes,
    stored_as_ids: bool,
) -> Readings:
    try:
        by_colour = classes.by_colour
        if alpha is not None:  # Nothing is drawn on what is transparent.
            rgb = np.where((alpha > 0)[..., None], rgb, np.array(classes.unlabelled, np.uint8))
        colours = ids_of_colours(rgb, by_colour)
    except DataError as error:
        return Readings(ids, None, str(error), stored_as_ids, False)
    coloured = bool(((colours != IGNORE) & rgb.any(axis=-1)).any())
    return Readings(ids, colours, "", stored_as_ids, coloured)


def _agree(readings: Readings, ids: np.ndarray) -> bool:
    return readings.colours is readings.ids or np.array_equal(_colours(readings), ids)


def _ids(readings: Readings, classes: Classes) -> np.ndarray:
    if readings.ids is None:
        raise DataError("it has several channels, where one of class ids is expected")
    check_ids(readings.ids, len(classes.names))
    return readings.ids.astype(np.uint8, copy=False)


def _colours(readings: Readings) -> np.ndarray:
    if readings.colours is None:
        raise DataError(readings.why_no_colours)
    return readings.colours
