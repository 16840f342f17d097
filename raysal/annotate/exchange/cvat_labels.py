"""The label map of CVAT's and Pascal VOC's masks: names and colours.

A line is `name:red,green,blue:parts:actions`. CVAT paints black what nobody has labelled, and calls
it `background`. It must be the first line: otherwise older versions took the first class for it.
"""

from __future__ import annotations

import re

from raysal.annotate.asked import Asked
from raysal.data.sets.base import Colour
from raysal.errors import DataError

BACKGROUND = "background"
BLACK: Colour = (0, 0, 0)
_LABEL = re.compile(r"(?P<name>.+?):(?:(?P<r>\d{1,3}),(?P<g>\d{1,3}),(?P<b>\d{1,3}))?:[^:]*:[^:]*")


def colours_of(asked: Asked) -> dict[str, Colour]:
    """Colours by class name, all different. A class `background` comes first and is black: CVAT
    gives what is not labelled the first class, and black is what it paints it.

    Raises:
        DataError: a name that the label map cannot hold.
    """
    colours: dict[str, Colour] = {}
    pairs = zip(asked.class_names, asked.palette, strict=True)
    for name, colour in sorted(pairs, key=lambda pair: not is_background(pair[0])):
        if ":" in name or "\n" in name or name.startswith("#") or name != name.strip():
            raise DataError(
                f"CVAT's label map cannot hold the class name '{name}' (colons, line breaks, white "
                "space at its ends, a leading #); rename the class, or use --as coco"
            )
        if is_background(name):
            colour = BLACK
        while colour in colours.values() or (colour == BLACK and not is_background(name)):
            # Any other one: CVAT exports the colours that it was given.
            colour = ((colour[0] + 67) % 256, (colour[1] + 151) % 256, (colour[2] + 29) % 256)
        colours[name] = colour
    return colours


def is_background(name: str) -> bool:
    """Whether a label stands for what is not labelled."""
    return name.strip().casefold() == BACKGROUND


def labels_of(where: str, data: bytes) -> dict[int, tuple[str, Colour]]:
    """Names and colours by number of line. Without any colours, they are those of VOC."""
    lines = enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1)
    labels: dict[int, tuple[str, Colour | None]] = {}
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        found = _LABEL.fullmatch(line.strip())
        if found is None:
            raise DataError(
                f"{where}: line {number} is '{line.strip()}', not name:red,green,blue:parts:actions"
            )
        r, g, b = (int(part or 0) for part in found.group("r", "g", "b"))
        labels[number] = found["name"], (r, g, b) if found["r"] else None
    if all(colour is None for _, colour in labels.values()):
        return {
            number: (name, voc_colour(place))
            for place, (number, (name, _)) in enumerate(labels.items())
        }
    return {number: (name, colour) for number, (name, colour) in labels.items() if colour}


def voc_colour(number: int) -> Colour:
    """The bits of a label's number, spread over red, green and blue from the highest bit down."""
    rgb = [0, 0, 0]
    for place in range(8):
        rgb[place % 3] |= (number >> place & 1) << (7 - place // 3)
    return (rgb[0], rgb[1], rgb[2])
