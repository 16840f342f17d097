"""Memory of a page: of its scripts, and of the process that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MIB = 1 << 20


@dataclass(frozen=True)
class Memory:
    """Of a page, after its garbage was collected.

    Attributes:
        heap_mib: of JavaScript objects.
        process_mib: resident, of all processes that show pages: pictures and rasters are there;
            None where the system does not tell.
    """

    heap_mib: float
    process_mib: float | None


def memory_of(browser: Browser, page: Page) -> Memory:
    """The memory of the only page of a browser."""
    client = page.context.new_cdp_session(page)
    for _ in range(3):  # What the first finds may hold others.
        client.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(200)
    client.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in client.send("Performance.getMetrics")["metrics"]}
    client.detach()
    whole = browser.new_browser_cdp_session()
    found = whole.send("SystemInfo.getProcessInfo")["processInfo"]
    whole.detach()
    sizes = [_resident(int(p["id"])) for p in found if p["type"] == "renderer"]
    known = [size for size in sizes if size is not None]
    return Memory(
        heap_mib=metrics["JSHeapUsedSize"] / MIB,
        process_mib=sum(known) / MIB if known else None,
    )


def _resident(pid: int) -> int | None:
    """Bytes; None if it is not known."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return None if line is None else int(line.split()[1]) << 10
