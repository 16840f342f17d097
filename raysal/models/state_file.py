"""Files of weights and plain values, as `torch.save` writes them."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from raysal.errors import CheckpointError
from raysal.storage.atomic import write_bytes

# How torch names what a pickle would call.
GLOBAL = re.compile(r"(?:GLOBAL|[Gg]lobal|function|class) ([A-Za-z_][\w.]*\.\w+)")


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
    return parse_state(data, file)


def parse_state(data: bytes, file: Path) -> Any:
    """As `load_state`, of bytes that were read from `file`, which only messages name.

    Raises:
        CheckpointError: they are damaged.
    """
    try:
        _check_crc(data)
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # Damaged bytes can raise anything.
        raise CheckpointError(f"{file} {_why_unreadable(data, error)}") from error


def _why_unreadable(data: bytes, error: Exception) -> str:
    """In our words: torch's advise to load a file of unknown origin with all its code."""
    text = str(error)
    if code := GLOBAL.search(text):
        return (
            f"holds Python objects ({code.group(1)}), whose loading could run any code, and is "
            "not loaded; save the weights alone: torch.save(model.state_dict(), ...)"
        )
    if "TorchScript" in text:
        return "is a TorchScript archive; save the weights alone: its state_dict()"
    if data[8:9] == b"{":
        return "is a safetensors file; save its weights with torch.save"
    reason = (text.splitlines() or [type(error).__name__])[0]
    advice = "weights_only" in reason or "Weights only" in reason
    return "is damaged or not a checkpoint" + ("" if advice or not reason else f": {reason}")


def _check_crc(data: bytes) -> None:
    """Compare the checksums in a checkpoint, which torch writes but does not read.

    Raises:
        ValueError: the content of an entry has changed.
    """
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            changed = archive.testzip()
        if changed is not None:
            raise ValueError(f"the content of '{changed}' has changed")
