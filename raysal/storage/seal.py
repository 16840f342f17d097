"""Hashes that show whether a file is still as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL = "check"
_BLOCK_BYTES = 1 << 20


def hash_bytes(data: bytes) -> str:
    """BLAKE2b of 16 bytes, in hexadecimal."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def hash_file(path: Path) -> str:
    """As `hash_bytes`, of a file's content; a block is in memory at a time."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values with a hash of them under the key `check`."""
    return {**values, SEAL: _seal(values)}


def is_intact(values: Mapping[str, Any]) -> bool:
    """Whether values read from JSON are those that were sealed.

    True for values without a seal, which are of earlier versions.
    """
    return SEAL not in values or values[SEAL] == _seal(values)


def _seal(values: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in values.items() if key != SEAL}
    return hash_bytes(json.dumps(rest, sort_keys=True).encode())
