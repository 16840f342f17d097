"""Make file names from arbitrary text."""

from __future__ import annotations

import hashlib
import re

LONGEST = 80


def safe_name(name: str) -> str:
    """A file name of letters, digits, `.`, `_` and `-`, with at most 80 characters.

    A name that needs no change is returned as it is. Any other gets a short hash, so that `a/b`
    and `a_b` give different file names.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    if safe == name and 0 < len(name) <= LONGEST:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{safe[: LONGEST - len(digest) - 1]}-{digest}"
