"""Times that the page takes itself, by the time stamps of its events and frames.

What drives the browser is no part of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = """
(() => {
  const watch = { inputs: [], opened: [], frames: 0 };
  window.raysalWatch = watch;
  // A message that is posted while a frame is prepared arrives when it has been painted.
  const painted = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(null);
  });
  const note = (event) => {
    const taken = performance.now();
    painted((now) => watch.inputs.push(
      { type: event.type, key: event.key ?? '', made: event.timeStamp, taken, painted: now }));
  };
  for (const type of ['pointerdown', 'pointermove', 'keydown']) {
    addEventListener(type, note, { capture: true, passive: true });
  }
  new MutationObserver((records) => {
    for (const { target } of records) {
      const key = target.dataset?.key;
      if (target.id === 'canvas' && key) painted((now) => watch.opened.push({ key, painted: now }));
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-key'] });
})();
"""


class Stopwatch:
    """What the page notes; `SCRIPT` must be in it from its start."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def inputs(self, kind: str) -> list[dict[str, Any]]:
        """Events of a type since the last call: when they were made, when the page took them, and
        when the next frame was painted; milliseconds since the page began."""
        # What was pressed last is painted within some frames.
        self._page.wait_for_timeout(150)
        found: list[dict[str, Any]] = self._page.evaluate("raysalWatch.inputs.splice(0)")
        return [each for each in found if each["type"] == kind]

    def opened(self) -> list[dict[str, Any]]:
        """Images that were opened since the last call: key, and when their frame was painted."""
        found: list[dict[str, Any]] = self._page.evaluate("raysalWatch.opened.splice(0)")
        return found
