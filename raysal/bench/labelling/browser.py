"""A real browser without a window."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from raysal.errors import RunError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # Nothing but the page of this package is opened.
    "--disable-gpu",
    "--disable-background-networking",
    # After a press Chromium holds back all tasks until a frame is on the screen, the one that takes
    # the time too; the frame itself is none of them, and the same with or without.
    "--disable-features=DeferRendererTasksAfterInput",
)
_INSTALL = "pip install 'raysal[browser]'"


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium: that of the system, else the one that Playwright has installed.

    Raises:
        RunError: Playwright or a browser is missing; or a page, inside of this, does not answer.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise RunError(f"this drives a browser through Playwright: {_INSTALL}") from None
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        except Error as error:
            if program is not None:
                raise RunError(f"{program} does not start: {str(error).splitlines()[0]}") from None
            raise RunError(
                "no Chromium: install that of your system (apt install chromium), or run "
                "`playwright install chromium`"
            ) from None
        try:
            yield browser
        except Error as error:
            raise RunError(f"the page does not do what is waited for: {_said(error)}") from None
        finally:
            with contextlib.suppress(Error):  # If it has crashed.
                browser.close()


def _said(error: Exception) -> str:
    """The error in one line: what failed, and the last line of what Playwright tells of it."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    said = [line for line in lines if line and line != "Call log:" and line.strip("=")]
    return "; ".join(dict.fromkeys((said[0], said[-1]))) if said else type(error).__name__
