"""Templates of pages, and pictures in them."""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from raysal.report.draw import format as text

# So many CSS pixels for one of a figure: its letters are then about as large as those of a page.
CSS_PIXELS = 0.78


@dataclass(frozen=True)
class Picture:
    """A PNG to embed, and its alternative text."""

    png: bytes
    alt: str

    @property
    def width(self) -> int:
        """Its width on a page, in CSS pixels."""
        pixels = int.from_bytes(self.png[16:20], "big")  # Of the IHDR chunk.
        return round(pixels * CSS_PIXELS)

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


def template(name: str) -> Template:
    """A page template of this package; values put into it are escaped."""
    return _environment().get_template(name)


@functools.cache
def _environment() -> Environment:
    """It keeps the templates that it has compiled."""
    environment = Environment(
        loader=PackageLoader("raysal.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": text.percent,
        "miou": text.miou,
        "share": text.share,
        "count": text.count,
        "duration": text.duration,
        "capitalize_first": lambda words: words[:1].upper() + words[1:],
    }
    return environment
