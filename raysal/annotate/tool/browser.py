"""Open the user's browser without showing the token to other users of the machine."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from pathlib import Path

from raysal.annotate.tool.serve import is_loopback


def wants_browser(host: str) -> bool:
    """Whether somebody sits in front of this machine."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and is_loopback(host) and bool(display or sys.platform == "darwin")


def open_browser(folder: Path, link: str) -> None:
    """Open a link by a file that only the user can read: the command line of a browser is seen by
    everybody on the machine."""
    path = folder / "open.html"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    page = f'<!doctype html><meta http-equiv="refresh" content="0;url={html.escape(link)}">'
    path.write_text(page)
    webbrowser.open(path.resolve().as_uri())
