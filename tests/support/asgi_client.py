"""A browser's requests to an application in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
from httpx import Response

from tests.support import own_loop


class Client:
    """Sends requests; each is answered in an event loop of its own, so that threads may share it.

    Attributes:
        headers: sent with every request.
    """

    def __init__(self, app: Any, base_url: str = "http://localhost:8765") -> None:
        self._app, self._base_url = app, base_url
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> Response:
        """The answer; redirects are not followed."""
        if isinstance(options.get("content"), Iterator):
            options["content"] = _chunks(options["content"])
        options["headers"] = {**self.headers, **options.get("headers", {})}

        async def send() -> Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, url, **options)

        return own_loop.run(send())

    def get(self, url: str, **options: Any) -> Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        return self.request("PUT", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        return self.request("DELETE", url, **options)


async def _chunks(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
