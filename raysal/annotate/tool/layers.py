"""What is shown beside the picture, between the server and what prepares it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from raysal.annotate.asked import OwnRectangle
from raysal.annotate.tool.workplace import MapName

LAYERS = ("superpixels", "prediction", "map", "extended")
GRAINS = ("coarse", "medium", "fine")


class NotReadyError(Exception):
    """What was asked for is still being computed."""


@dataclass(frozen=True)
class Source:
    """What the layers of one image are made from.

    Attributes:
        key: see `key_of`.
        size: (height, width) of the picture in pixels, as it is shown.
        read: gives the encoded picture; raises DataError.
        model: folder of the model; None for none.
        model_name: for the page.
        map: by which the image was chosen.
        extend: what a preview of extended labels needs; None for none.
    """

    key: str
    image_id: str
    size: tuple[int, int]
    read: Callable[[], bytes]
    model: Path | None = None
    model_name: str = ""
    map: MapName = "uncertainty (entropy)"
    extend: Any = None


@dataclass(frozen=True)
class Layers:
    """What there is for one image.

    Attributes:
        about: for each of `LAYERS`, what the page has to know of it; None if it is not there.
        pending: those that will come.
        failed: why others will not.
    """

    about: Mapping[str, Any] = field(default_factory=lambda: dict.fromkeys(LAYERS))
    pending: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


class Preparing(Protocol):
    """Computes layers ahead of the annotator, so that no request waits."""

    def start(self) -> None:
        """Begin."""

    def close(self) -> None:
        """End; nothing keeps running."""

    def want(self, sources: Sequence[Source]) -> None:
        """All images, in the order in which they will be looked at."""

    def front(self, keys: Sequence[str]) -> None:
        """Images that are looked at now, or next: they come first."""

    def layers(self, key: str) -> Layers:
        """What there is; never waits."""

    def file(self, key: str, layer: str) -> Path | None:
        """The file of `superpixels/coarse`, `prediction`, `map` or `extended`, as it is sent;
        its name ends in `.gz` if it is compressed. None if it is not there."""

    def fill(
        self,
        key: str,
        grain: str,
        rectangle: OwnRectangle | None,
        seeds: Sequence[tuple[int, int]],
    ) -> list[tuple[int, int]]:
        """The class of each superpixel that follows from some: (id, class) in and out.

        Raises:
            NotReadyError: the superpixels are not there yet.
            DataError: a seed is no superpixel.
        """


class NoPreparation:
    """Prepares nothing."""

    def start(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def want(self, sources: Sequence[Source]) -> None:
        """Nothing."""

    def front(self, keys: Sequence[str]) -> None:
        """Nothing."""

    def layers(self, key: str) -> Layers:
        """None."""
        return Layers()

    def file(self, key: str, layer: str) -> Path | None:
        """None."""
        return None

    def fill(
        self,
        key: str,
        grain: str,
        rectangle: OwnRectangle | None,
        seeds: Sequence[tuple[int, int]],
    ) -> list[tuple[int, int]]:
        """Never ready."""
        raise NotReadyError
