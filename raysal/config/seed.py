"""Seeds derived from names, so that each random choice can be repeated by itself."""

from __future__ import annotations

import hashlib

Part = int | str


def keyed_hash(*parts: Part) -> int:
    """64-bit hash of a sequence of names and numbers; the same on every machine and run."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(f"{part}".encode())
        digest.update(b"\x1f")
    return int.from_bytes(digest.digest(), "little")


def derive_seed(*parts: Part) -> int:
    """A seed that torch and numpy accept (63 bits)."""
    return keyed_hash(*parts) >> 1


def uniform(*parts: Part) -> float:
    """A number in [0, 1) that depends on these parts only."""
    return (keyed_hash(*parts) >> 11) / float(1 << 53)
