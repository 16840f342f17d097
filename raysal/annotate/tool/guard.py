"""Who is let in: hosts, origins, tokens, and what browsers are told to forbid.

- A page of another site can reach a server on this machine by giving its own name this machine's
  address (DNS rebinding). So requests are only answered under names that are expected. An address
  in digits is never such a name.
- Other sites can send requests, if not read the answers. So what changes something must come from
  the page itself (`Origin`), and the cookie is not sent from other sites (`SameSite=Strict`).
- A wrong token is answered the later, the more there were; right ones never wait.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
SAFE = ("GET", "HEAD")


class Guard:
    """Wraps an application: checks host and origin, and adds headers to every answer.

    Args:
        names: under which the server may be reached, besides addresses and `localhost`.
    """

    def __init__(self, app: App, names: frozenset[str]) -> None:
        self._app = app
        self._given = frozenset(name.lower() for name in names)
        self._names = self._given | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
            await send(message)

        refused = self._refused(scope["method"], Headers(scope=scope))
        answer = self._app if refused is None else refused
        await answer(scope, receive, send_guarded)

    def _refused(self, method: str, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_expected(hosts[0]):
            return _no(
                403, "this server is not reached under this name; `raysal annotate --name NAME` "
                "adds one",
            )  # fmt: skip
        if method in SAFE:
            return None
        origins = headers.getlist("origin")
        foreign = any(self._is_foreign(origin, hosts[0]) for origin in origins)
        if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _no(403, "the request comes from another page")
        return None

    def _is_foreign(self, origin: str, host: str) -> bool:
        """Whether a page is not this server's; a proxy may have changed the host of the request."""
        try:
            page = urlsplit(origin)
        except ValueError:
            return True
        return page.netloc != host and page.hostname not in self._given

    def _is_expected(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name or "@" in host or "/" in host:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True


class Patience:
    """Delays answers to wrong tokens: each one longer, up to a limit, and not many at a time.

    Args:
        first_s, most_s: seconds.
        waiting: number of answers that may be delayed at a time; further ones are refused at once.
        sleep: waits for some seconds.
    """

    FORGET_S = 600.0

    def __init__(
        self,
        first_s: float = 0.25,
        most_s: float = 8.0,
        waiting: int = 32,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._room, self._sleep = waiting, sleep
        self._failures, self._last = 0, time.monotonic()

    async def wrong(self) -> bool:
        """Wait after a wrong token; false if too many wait already."""
        now = time.monotonic()
        if now - self._last > self.FORGET_S:
            self._failures = 0
        self._last = now
        self._failures = min(self._failures + 1, 64)
        if self._room <= 0:
            return False
        self._room -= 1
        try:
            await self._sleep(min(self._most_s, self._first_s * 2.0 ** (self._failures - 1)))
        finally:
            self._room += 1
        return True


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty if there is none.

    Other programs on this machine set cookies for the same host, of any form: what is not
    understood of them must not hide this one.
    """
    for pair in ";".join(headers.getlist("cookie")).split(";"):
        key, _, value = pair.partition("=")
        if key.strip() == name:
            return value.strip().strip('"')
    return ""


def _no(status: int, why: str) -> Response:
    return JSONResponse({"why": why}, status)
