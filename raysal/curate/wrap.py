"""Make a model folder of an exported network, after it was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysal.config.load import validate
from raysal.data.class_names import checked_classes
from raysal.data.hues import hues
from raysal.data.imagenet import MEAN, STD
from raysal.data.pixel_format import PixelFormat, Range
from raysal.errors import CheckpointError, ConfigError, RaysalError
from raysal.models.archive import Archive
from raysal.models.archives import Format, open_archive
from raysal.models.checkpoint import FILE, load_model, save_model
from raysal.models.config import BatchLimits, ExportedConfig, ModelConfig
from raysal.models.exported import ARCHIVE, Exported

# Relative difference up to which logits count as the same.
SAME = 1e-3
SMALLEST = 1e-6
# Sizes of batches that are tried.
TRIED = 3


@dataclass(frozen=True)
class Wrapped:
    """A model folder that was made.

    Attributes:
        fixed_size: whether the archive takes no images of another size.
    """

    folder: Path
    classes: tuple[str, ...]
    size: tuple[int, int]
    exported: ExportedConfig
    pixels: PixelFormat
    fixed_size: bool


def wrap_model(
    file: Path,
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    span: Range | None = None,
) -> Wrapped:
    """Write a model folder that `raysal score`, `predict`, `evaluate` and `annotate` read.

    What is not given is taken from the archive, if raysal exported it. A fixed size and number of
    channels are read from any archive, and mean and deviation are those of ImageNet, or of its
    mean channel, by default.

    Args:
        file: an archive of `torch.export` (.pt2), or an ONNX file (.onnx).
        classes: names, in the order of the logits.
        size: (height, width) of its images in pixels.
        channels: of its images.
        mean, std: of each channel of its normalised images, on a scale of 0 to 1.
        span: the stored values that become 0 and 1; see `PixelFormat.range`.

    Raises:
        ConfigError: something is missing that the archive does not say, or `out` holds a model.
        CheckpointError: the archive is absent, damaged, or no network from images to logits.
    """
    if (out / FILE).exists():
        raise ConfigError(f"--out: {out} holds a model already; choose another folder")
    kind: Format = "onnx" if file.suffix.lower() == ".onnx" else "pt2"
    try:
        data = file.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise CheckpointError(f"no exported model at {file}") from None
    try:
        opened = open_archive(data, kind)
    except CheckpointError as error:
        raise CheckpointError(f"{file} {error}") from error
    names = _classes(classes, opened.note)
    size = size or _size(opened)
    given = _given(channels, mean, std, span)
    pixels = _pixels(opened, given)
    _check_shape(file, opened, size, pixels.channels)
    exported = ExportedConfig(format=kind, batch=_batches(opened, size, pixels.channels))
    network = _network(exported, len(names), pixels, data)
    try:
        _try(network, size)
    except RaysalError as error:
        raise type(error)(f"{file}: {error}") from error
    colours = opened.note.get("palette")
    palette = hues(len(names)) if classes is not None or not colours else _colours(colours)
    out.mkdir(parents=True, exist_ok=True)
    save_model(out / FILE, network, names, palette, size)
    load_model(out)
    fixed = None not in (opened.shape.height, opened.shape.width)
    return Wrapped(out, names, size, exported, pixels, fixed)


def _classes(given: Sequence[str] | None, note: dict[str, Any]) -> tuple[str, ...]:
    names = tuple(given) if given is not None else tuple(map(str, note.get("classes", ())))
    if not names:
        raise ConfigError("say which classes it has: --classes road,sky,car, or a file of names")
    return checked_classes(names)


def _size(opened: Archive) -> tuple[int, int]:
    height, width = opened.shape.height, opened.shape.width
    if height is None or width is None:
        noted = opened.note.get("size")
        if not noted:
            raise ConfigError(
                "the archive takes images of any size; say which it was trained with: "
                "--size HEIGHT WIDTH"
            )
        height, width = map(int, noted)
    return height, width


def _given(
    channels: int | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    span: Range | None,
) -> dict[str, Any]:
    """What of a `PixelFormat` is given."""
    # As a model that raysal trained has it, nothing is said of ImageNet's.
    values = {
        "channels": channels,
        "mean": () if mean is not None and tuple(mean) == MEAN else mean,
        "std": () if std is not None and tuple(std) == STD else std,
        "range": span,
    }
    return {name: value for name, value in values.items() if value is not None}


def _pixels(opened: Archive, given: dict[str, Any]) -> PixelFormat:
    """How its images are read and normalised.

    Raises:
        ConfigError: the settings do not fit together.
    """
    noted = opened.note.get("pixels")
    if noted is None:
        about: dict[str, Any] = {"channels": opened.shape.channels or PixelFormat().channels}
    else:
        about = validate(PixelFormat, noted, "the archive").dump()
    options = ", ".join(f"--{name}" for name in given) or "the archive"
    return validate(PixelFormat, {**about, **given}, options)


def _check_shape(file: Path, opened: Archive, size: tuple[int, int], channels: int) -> None:
    shape = opened.shape
    if shape.channels not in (None, channels):
        raise CheckpointError(
            f"{file} takes images of {shape.channels} channels, --channels says {channels}"
        )
    if not shape.takes(size):
        raise CheckpointError(
            f"{file} was exported for images of {shape.sides} (height x width) only, --size says "
            f"{size[0]}x{size[1]}; give that size, or export it with dynamic shapes"
        )


def _batches(opened: Archive, size: tuple[int, int], channels: int) -> BatchLimits:
    """The batches that an archive takes: as it states, and as a few of them show."""
    shape = opened.shape
    if shape.batch is not None:
        return BatchLimits(fewest=shape.batch, most=shape.batch)

    def runs(count: int) -> bool:
        try:
            opened.run(torch.zeros(count, channels, *size, dtype=shape.dtype))
        except Exception:  # Of the archive: any kind. What is wrong is said where it is tried.
            return False
        return True

    fits = [n for n in range(shape.fewest, shape.fewest + TRIED) if runs(n)]
    if not fits:
        return BatchLimits(fewest=shape.fewest, most=shape.most)
    consecutive = fits == list(range(fits[0], shape.fewest + TRIED))
    return BatchLimits(fewest=fits[0], most=shape.most if consecutive else fits[0])


def _network(exported: ExportedConfig, classes: int, pixels: PixelFormat, data: bytes) -> Exported:
    config = ModelConfig(name="exported", exported=exported).resolved(frozenset())
    network = Exported(config, classes, pixels.channels)
    network.pixels = pixels
    state = {ARCHIVE: torch.frombuffer(bytearray(data), dtype=torch.uint8)}
    network.expect(state)
    network.load_state_dict(state)
    return network.eval()


@torch.inference_mode()
def _try(network: Exported, size: tuple[int, int]) -> None:
    """Run an empty image, and noise in two batches.

    Raises:
        CheckpointError: the logits have another shape, are not finite, or depend on the batch.
    """
    shape = (network.in_channels, *size)
    noise = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    for images in (torch.zeros(1, *shape), noise):
        if not bool(network(images).logits_BCHW.isfinite().all()):
            raise CheckpointError("the logits of the exported model are not finite numbers")
    beside_other, beside_itself = (
        network(images).logits_BCHW[0] for images in (noise, noise[[0, 0]])
    )
    if relative_difference(beside_itself, beside_other) > SAME:
        raise CheckpointError(
            "the logits of an image depend on the other images in its batch; call eval() on the "
            "module before it is exported"
        )


def relative_difference(one: Tensor, other: Tensor) -> float:
    """Largest difference, by the largest absolute value of `one`."""
    return float((one - other).abs().max() / one.abs().max().clamp(min=SMALLEST))


def _colours(noted: Any) -> tuple[tuple[int, int, int], ...]:
    return tuple((int(r), int(g), int(b)) for r, g, b in noted)
