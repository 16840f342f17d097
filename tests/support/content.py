"""Contents of files, which a test compares."""

from __future__ import annotations

import hashlib


class Content(bytes):
    """Bytes that are shown by size and digest: pytest works for minutes on the difference of long
    ones, and nobody could read it."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes, {hashlib.sha256(self).hexdigest()[:12]}>"
