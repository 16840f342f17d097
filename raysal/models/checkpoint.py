"""Checkpoints: the weights of a trained model and what is needed to use them, in one file."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor

from raysal.config.load import validate
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.tiles import SceneFormat, TileConfig
from raysal.errors import CheckpointError, ConfigError, RaysalError
from raysal.models import MODEL_FILE as FILE
from raysal.models.config import ModelConfig
from raysal.models.frozen import frozen
from raysal.models.network import Network, network_class
from raysal.models.state_file import load_state, save_state

VERSION = 1
KIND = "raysal.model"
Intensity = Annotated[int, Field(ge=0, le=255)]
Side = Annotated[int, Field(ge=1, le=16_384)]
COLOURS = 3
KEYS = ("model", "class_names", "palette", "size", "state")


@dataclass(frozen=True)
class LoadedModel:
    """A model in eval mode, with the classes and the input size that it was trained for.

    Attributes:
        size: (height, width) of its inputs in pixels: of a tile, if images are read in tiles.
        pixels: the channels that images are read with.
        class_pixels: (C,) labelled pixels of each class that it was trained on; None if it was not
            trained, or by a version that did not note it.
        digest: hash of settings, weights and, of a user's network, code; models with equal digests
            give equal scores.
        scene: how images are read in tiles; None if they are read whole.
    """

    model: Network
    config: ModelConfig
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    size: tuple[int, int]
    digest: str
    pixels: PixelFormat = RGB
    class_pixels: tuple[int, ...] | None = None
    scene: SceneFormat | None = None

    @functools.cached_property
    def fast(self) -> Network:
        """The model rearranged for inference, see `raysal.models.frozen`; made when first asked
        for."""
        return frozen(self.model)

    @property
    def working_size(self) -> tuple[int, int]:
        """(height, width) to which whole images are resized."""
        return self.size if self.scene is None else self.scene.size

    @property
    def tile(self) -> TileConfig | None:
        """The tiles that images are read in; None if they are read whole."""
        return None if self.scene is None else self.scene.tile


def save_model(
    path: Path,
    model: Network,
    class_names: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    size: tuple[int, int],
    class_pixels: Sequence[int] | None = None,
    tile: TileConfig | None = None,
) -> None:
    """Write the checkpoint atomically; `pixels` is noted if it is not that of pictures.

    Args:
        size: (height, width) to which images are resized.
        class_pixels: see `LoadedModel`.
        tile: the tiles that they are read in; None if they are read whole.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    # Earlier versions knew no other images than RGB pictures.
    channels = {} if model.in_channels == COLOURS else {"in_channels": model.in_channels}
    pixels = {} if model.pixels == RGB else {"pixels": model.pixels.dump()}
    save_state(
        path,
        {
            "kind": KIND,
            "version": VERSION,
            "model": model.config.dump(),
            "class_names": list(class_names),
            "palette": [list(colour) for colour in palette],
            "size": list(size if tile is None else tile.size),
            **channels,
            **pixels,
            **({} if class_pixels is None else {"class_pixels": list(class_pixels)}),
            **({} if tile is None else {"scene": SceneFormat(size=size, tile=tile).dump()}),
            "state": state,
        },
    )


def load_model(path: Path | str, device: str | torch.device = "cpu") -> LoadedModel:
    """Read a checkpoint; `path` is the file or the folder that holds `model.pt`.

    Raises:
        CheckpointError: the file is absent, damaged, or of another kind, version or network.
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE
    raw = load_state(file)
    if not isinstance(raw, dict) or not same(raw.get("kind"), KIND):
        raise CheckpointError(f"{file} is not a raysal model; give the model folder of a round")
    if not same(raw.get("version"), VERSION):
        raise CheckpointError(
            f"{file} has format version {str(raw.get('version'))[:20]}, this raysal reads {VERSION}"
        )
    lacking = [key for key in KEYS if key not in raw]
    if lacking:
        raise CheckpointError(f"{file} is damaged: it lacks '{lacking[0]}'")
    try:
        config = validate(ModelConfig, raw["model"], str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; another raysal version wrote this checkpoint") from None
    about = _about(raw, file)
    pixels = _pixels(raw, about.in_channels, file)
    scene = _scene(raw, about.size, file)
    try:
        model = network_class(config)(
            config, len(about.class_names), about.in_channels, size=about.size, pretrained=False
        )
    except ConfigError as error:
        raise CheckpointError(f"{file}: {error}") from error
    model.pixels = pixels
    model.expect(raw["state"])
    try:
        load_weights(model, raw["state"], file)
    except RaysalError as error:
        if str(file) in str(error):
            raise
        raise type(error)(f"{file}: {error}") from error
    model.eval()
    model.place(device)
    return LoadedModel(
        model=model,
        config=config,
        class_names=about.class_names,
        palette=about.palette,
        size=about.size,
        digest=digest_of(
            (
                raw["model"],
                raw["class_names"],
                raw["size"],
                *_seen_by(pixels),
                *_made_by(model),
                *(() if scene is None else (scene.dump(),)),
            ),
            raw["state"],
        ),
        pixels=pixels,
        class_pixels=about.class_pixels,
        scene=scene,
    )


def load_weights(model: torch.nn.Module, state: dict[str, Tensor], file: Path) -> None:
    """Load a state dict; the error names the first weight that does not fit.

    Raises:
        CheckpointError: a weight is missing, unexpected or of another shape.
    """
    own = model.state_dict()
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise CheckpointError(f"{file} is damaged: its state is not a dict of weights")
    for name in sorted(own.keys() | state.keys()):
        if name not in state or name not in own:
            where = "the checkpoint" if name not in state else "this model"
            raise CheckpointError(f"{file} is of another network: '{name}' is missing in {where}")
        if not _is_plain(state[name], own[name]):
            raise CheckpointError(f"{file} is damaged: '{name}' is not a plain tensor of weights")
        if own[name].shape != state[name].shape:
            raise CheckpointError(
                f"{file} is of another network or number of classes: '{name}' has shape "
                f"{tuple(state[name].shape)}, this model needs {tuple(own[name].shape)}"
            )
        if not torch.isfinite(state[name]).all():
            raise CheckpointError(f"{file} is damaged: '{name}' holds NaN or infinite numbers")
    model.load_state_dict(state)


def same(value: object, expected: object) -> bool:
    """Whether a value of a file, which may be of any type, is the expected one."""
    return type(value) is type(expected) and value == expected


class _About(BaseModel):
    """What a checkpoint says about its model, besides the settings and the weights."""

    class_names: tuple[str, ...] = Field(min_length=1, max_length=255)
    palette: tuple[tuple[Intensity, Intensity, Intensity], ...]
    size: tuple[Side, Side]
    in_channels: PositiveInt = COLOURS
    class_pixels: tuple[NonNegativeInt, ...] | None = None

    @model_validator(mode="after")
    def _a_colour_per_class(self) -> _About:
        if len(self.palette) != len(self.class_names):
            raise ValueError(f"{len(self.palette)} colours for {len(self.class_names)} classes")
        if self.class_pixels is not None and len(self.class_pixels) != len(self.class_names):
            raise ValueError(
                f"{len(self.class_pixels)} class_pixels for {len(self.class_names)} classes"
            )
        return self


def _about(raw: dict[str, Any], file: Path) -> _About:
    try:
        said = {key: raw[key] for key in _About.model_fields if key in raw}
        return validate(_About, said, str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; the checkpoint is damaged") from None


def _pixels(raw: dict[str, Any], channels: int, file: Path) -> PixelFormat:
    """Checkpoints of pictures, and of earlier versions, do not mention it."""
    try:
        pixels = validate(PixelFormat, raw.get("pixels", {"channels": channels}), str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; the checkpoint is damaged") from None
    if pixels.channels != channels:
        raise CheckpointError(
            f"{file} is damaged: its network reads {channels} channels, its images have "
            f"{pixels.channels}"
        )
    return pixels


def _scene(raw: dict[str, Any], size: tuple[int, int], file: Path) -> SceneFormat | None:
    """Checkpoints of earlier versions, and those that read whole images, do not mention it."""
    if "scene" not in raw:
        return None
    try:
        scene = validate(SceneFormat, raw["scene"], str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; the checkpoint is damaged") from None
    if scene.tile.size != size:
        raise CheckpointError(f"{file} is damaged: its tiles are not of the size of its inputs")
    return scene


def _seen_by(pixels: PixelFormat) -> tuple[dict[str, Any], ...]:
    """What of it changes a network's scores, if anything."""
    seen = pixels.model_copy(update={"show": ()})
    return () if seen == RGB else (seen.dump(),)


def _made_by(model: Network) -> tuple[dict[str, str], ...]:
    """The user's code that makes and runs it, if there is any."""
    return (dict(model.code),) if model.code else ()


def _is_plain(value: object, own: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not (value.is_quantized or value.is_meta or value.is_complex())
        and value.is_floating_point() == own.is_floating_point()
    )


def digest_of(about: object, state: dict[str, Tensor]) -> str:
    """Hash of settings (`about`, plain values) and weights."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(about).encode())
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        # NumPy has no bfloat16.
        array = value.float() if value.dtype == torch.bfloat16 else value
        digest.update(array.detach().numpy().tobytes())
    return digest.hexdigest()
