"""File names made from names that may hold anything."""

from __future__ import annotations

import hashlib
import re

LONGEST = 80


def safe_name(name: str) -> str:
    """A file name of letters, digits, `.`, `_` and `-`, at most 80 long, different per `name`.

    A name that needs no change stays as it is; any other gets a short hash, so that `a/b` and
    `a_b` do not meet.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    if safe == name and 0 < len(name) <= LONGEST:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{safe[: LONGEST - len(digest) - 1]}-{digest}"
