"""Which channels images have, and which numbers a network is given for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from raysal.config.marks import NOT_ESSENTIAL, added_later
from raysal.config.settings import Frozen
from raysal.data.imagenet import MEAN, STD

MAX_CHANNELS = 16
# Of the ImageNet channels, for images of another number of channels.
GREY_MEAN, GREY_STD = 0.449, 0.226

Channel = Annotated[int, Field(ge=0, lt=MAX_CHANNELS)]
Channels = Annotated[int, Field(ge=1, le=MAX_CHANNELS)]
Range = tuple[float, float]
Decode = Literal["exact", "scaled"]


def check_parts(
    channels: int,
    mean: Sequence[float],
    std: Sequence[float],
    span: Range | None,
    show: Sequence[int],
) -> None:
    """Check settings against one another; see `PixelFormat`.

    Raises:
        ValueError: they do not fit together.
    """
    for name, values in (("mean", mean), ("std", std)):
        if values and len(values) != channels:
            raise ValueError(f"{name} has {len(values)} numbers, channels is {channels}")
    if any(value <= 0 for value in std):
        raise ValueError("std must be above 0")
    if span is not None and span[0] >= span[1]:
        raise ValueError("range must be [the value that becomes 0, a larger one that becomes 1]")
    if len(show) not in (0, 1, 3) or any(channel >= channels for channel in show):
        raise ValueError(f"show must be one or three of the channels 0 to {channels - 1}")


def check_decode(decode: Decode, is_rgb: bool) -> None:
    """Check that only pictures are decoded at a smaller size.

    Raises:
        ValueError: images of another kind would be.
    """
    if decode == "scaled" and not is_rgb:
        raise ValueError("decode: scaled is for pictures: channels 3, without range")


class PixelFormat(Frozen):
    """How the pixels of an image file are read; `raysal.data.channels` has the rules.

    With the default, everything is a picture: uint8 RGB. With another number of channels or with a
    `range`, images are float32 with the channels that are stored, 0..1.
    """

    channels: Channels = 3
    mean: tuple[float, ...] = ()
    """Of each channel, on the scale of 0..1; empty: ImageNet's, or 0.449."""
    std: tuple[float, ...] = ()
    """As `mean`; empty: ImageNet's, or 0.226."""
    range: Range | None = None
    """The stored values that become 0 and 1; null: 0 and 255 with 8 bits, 0 and 65535 with 16."""
    show: Annotated[tuple[Channel, ...], NOT_ESSENTIAL] = ()
    """One or three channels, from 0, for people to look at; empty: the first three, or the only
    one. It changes nothing that a network sees."""
    decode: Annotated[Decode, added_later("exact")] = "exact"
    """Of JPEG pictures that are needed at half their size or less: `scaled` decodes them at a half,
    a quarter or an eighth, and resizes the rest of the way; `exact` decodes them whole. A model
    trained with one and run with the other chooses other images: on CamVid at half size, 92 of the
    first 100 by DS were the same (rank correlation 0.977)."""

    @model_validator(mode="after")
    def _parts_fit(self) -> PixelFormat:
        check_parts(self.channels, self.mean, self.std, self.range, self.show)
        check_decode(self.decode, self.is_rgb)
        return self

    def dump(self) -> dict[str, Any]:
        """As of any settings; without `decode` if it is exact, as earlier versions wrote it: what
        is compared by its hash stays the same."""
        values = super().dump()
        if self.decode == "exact":
            del values["decode"]
        return values

    @property
    def is_rgb(self) -> bool:
        """Whether images are uint8 RGB pictures."""
        return self.channels == 3 and self.range is None

    @property
    def normal(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(D,) mean and standard deviation that a network's input is normalised with."""
        default = (MEAN, STD) if self.channels == 3 else (
            (GREY_MEAN,) * self.channels,
            (GREY_STD,) * self.channels,
        )  # fmt: skip
        return self.mean or default[0], self.std or default[1]


RGB = PixelFormat()
"""8-bit pictures, normalised as ImageNet's."""
