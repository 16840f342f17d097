"""Files that exist whole or not at all."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any


def write_bytes(path: Path, data: bytes) -> None:
    """Write next to `path` and rename over it; an interrupted write leaves `path` as it was.

    Raises:
        OSError: no space, no permission.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Indented JSON with a final newline, whole or not at all."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileNotFoundError, json.JSONDecodeError: absent or damaged.
    """
    value = json.loads(path.read_text())
    assert isinstance(value, dict), path
    return value
