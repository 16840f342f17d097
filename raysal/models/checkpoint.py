"""Checkpoints: the weights of a trained model and what is needed to use them, in one file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from raysal.config.load import validate
from raysal.errors import CheckpointError, ConfigError
from raysal.models import MODEL_FILE as FILE
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.storage.atomic import write_bytes

VERSION = 1
KIND = "raysal.model"
KEYS = ("model", "class_names", "palette", "size", "state")


@dataclass(frozen=True)
class LoadedModel:
    """A model in eval mode, with the classes and the input size that it was trained for.

    Attributes:
        size: (height, width) of its inputs in pixels.
        digest: hash of settings and weights; models with equal digests give equal scores.
    """

    model: DeepLabV3Plus
    config: ModelConfig
    class_names: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    size: tuple[int, int]
    digest: str


def save_model(
    path: Path,
    model: DeepLabV3Plus,
    class_names: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    size: tuple[int, int],
) -> None:
    """Write the checkpoint atomically."""
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_state(
        path,
        {
            "kind": KIND,
            "version": VERSION,
            "model": model.config.dump(),
            "class_names": list(class_names),
            "palette": [list(colour) for colour in palette],
            "size": list(size),
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
    if not isinstance(raw, dict) or raw.get("kind") != KIND:
        raise CheckpointError(f"{file} is not a raysal model; give the model folder of a round")
    if raw.get("version") != VERSION:
        raise CheckpointError(
            f"{file} has format version {raw.get('version')}, this raysal reads {VERSION}"
        )
    lacking = [key for key in KEYS if key not in raw]
    if lacking:
        raise CheckpointError(f"{file} is damaged: it lacks '{lacking[0]}'")
    try:
        config = validate(ModelConfig, raw["model"], str(file))
    except ConfigError as error:
        raise CheckpointError(f"{error}; another raysal version wrote this checkpoint") from None
    model = DeepLabV3Plus(config, len(raw["class_names"]))
    load_weights(model, raw["state"], file)
    model.eval().to(device)
    model.to(memory_format=torch.channels_last)
    return LoadedModel(
        model=model,
        config=config,
        class_names=tuple(raw["class_names"]),
        palette=tuple(tuple(colour) for colour in raw["palette"]),
        size=(raw["size"][0], raw["size"][1]),
        digest=digest_of((raw["model"], raw["class_names"], raw["size"]), raw["state"]),
    )


def load_weights(model: torch.nn.Module, state: dict[str, Tensor], file: Path) -> None:
    """Load a state dict; the error names the first weight that does not fit.

    Raises:
        CheckpointError: a weight is missing, unexpected or of another shape.
    """
    own = model.state_dict()
    for name in sorted(own.keys() | state.keys()):
        if name not in state or name not in own:
            where = "the checkpoint" if name not in state else "this model"
            raise CheckpointError(f"{file} is of another network: '{name}' is missing in {where}")
        if own[name].shape != state[name].shape:
            raise CheckpointError(
                f"{file} is of another network or number of classes: '{name}' has shape "
                f"{tuple(state[name].shape)}, this model needs {tuple(own[name].shape)}"
            )
    model.load_state_dict(state)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """`torch.save` to memory, then one atomic write: a full disk raises `OSError` and leaves an
    existing file intact."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def load_state(file: Path) -> Any:
    """`torch.load`, restricted to weights and plain values.

    Raises:
        CheckpointError: the file is absent or damaged.
        OSError: the file cannot be read, though it may be intact.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint at {file}") from None
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # Damaged bytes can raise anything.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{file} is damaged or not a checkpoint: {reason}") from error


def digest_of(about: object, state: dict[str, Tensor]) -> str:
    """Hash of settings (`about`, plain values) and weights."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(about).encode())
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
