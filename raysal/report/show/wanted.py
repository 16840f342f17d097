"""What `raysal show` is asked to draw; importable without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from raysal.errors import ConfigError, did_you_mean

Kind = TypeVar("Kind", bound=StrEnum)
Box = tuple[int, int, int, int]
"""Row, column, height, width in pixels of the first model's input."""
Pixel = tuple[int, int]
"""Row, column in pixels of the first model's input."""


class Figure(StrEnum):
    """Figures with a layout of their own."""

    overview = "overview"
    uncertainty = "uncertainty"
    levels = "levels"
    attention = "attention"
    regions = "regions"
    models = "models"


class Name(StrEnum):
    """Panels, each a map of the image or the image itself."""

    image = "image"
    truth = "truth"
    prediction = "prediction"
    errors = "errors"
    difficulty = "difficulty"
    entropy = "entropy"
    least_confidence = "least_confidence"
    margin = "margin"
    votes = "votes"
    entropy_times_difficulty = "entropy_times_difficulty"
    least_confidence_times_difficulty = "least_confidence_times_difficulty"
    margin_times_difficulty = "margin_times_difficulty"
    votes_times_difficulty = "votes_times_difficulty"
    levels = "levels"
    response = "response"
    regions = "regions"
    labels = "labels"
    extended = "extended"


@dataclass(frozen=True)
class Wanted:
    """Settings of the figures.

    Attributes:
        figures: those asked for by name; empty for all that the models have.
        panels: of a figure of one's own; empty for none.
        crops: parts of the image to enlarge.
        pixels: whose attention is drawn; empty for the three worst wrong ones.
        levels: L, number of difficulty levels; None for that of the strategy of the run, or 6.
        bins: how they are divided, see `DifficultyEntropy`; None for those of the strategy.
        passes: number of dropout passes; None for that of the run, or 20.
        window: side of a region in pixels; None for that of the run.
        tile: upper left corner of the tile to show, in pixels of the size that images are resized
            to; None for the middle one. Only of models that read images in tiles.
    """

    figures: tuple[Figure, ...] = ()
    panels: tuple[Name, ...] = ()
    crops: tuple[Box, ...] = ()
    pixels: tuple[Pixel, ...] = ()
    levels: int | None = None
    bins: str | None = None
    passes: int | None = None
    window: int | None = None
    tile: Pixel | None = None


def chosen(kind: type[Kind], option: str, text: str | None) -> tuple[Kind, ...]:
    """The names in a list with commas, each once; `None` gives none.

    Raises:
        ConfigError: there is no such name; the message has the option and the nearest that exist.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    known = [member.value for member in kind]
    for name in names:
        if name not in known:
            raise ConfigError(f"{option}: there is no '{name}'{did_you_mean(name, known)}")
    return tuple(kind(name) for name in dict.fromkeys(names))


def box_of(text: str) -> Box:
    """A box in a text such as `40,60,32,48`, the value of --crop.

    Raises:
        ConfigError: it is none.
    """
    row, col, height, width = _numbers("--crop", text, ("row", "column", "height", "width"))
    return row, col, height, width


def pixel_of(text: str, option: str = "--pixel") -> Pixel:
    """A pixel in a text such as `40,60`, the value of an option.

    Raises:
        ConfigError: it is none.
    """
    row, col = _numbers(option, text, ("row", "column"))
    return row, col


def _numbers(option: str, text: str, names: Sequence[str]) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(names) or not all(part.isdecimal() for part in parts):
        example = ",".join(str(40 + 8 * place) for place in range(len(names)))
        raise ConfigError(
            f"{option} '{text}': give {', '.join(names)} in pixels of the model's input, such as "
            f"{option} {example}"
        )
    return [int(part) for part in parts]
