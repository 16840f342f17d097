"""Serve the tool: a port, one writing server for each workplace, and a clean end."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import uvicorn

from raysal.annotate.tool.app import make_app
from raysal.annotate.tool.desk import Desk, Options
from raysal.annotate.tool.people import People
from raysal.annotate.tool.prepare.cache import DEFAULT_BYTES
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.workplace import Workplace
from raysal.errors import ConfigError, DataError, RunError
from raysal.storage.document import Document
from raysal.storage.lock import locked

PORT = 8765
TRIED = 50
ACCESS = "uvicorn.access"
_AFTER_PATH = re.compile(r"(\?|#|;|%3f|%23|%3b|token(=|%3d)).*", re.IGNORECASE | re.DOTALL)


class Serving(Document):
    """`server.json`: where the workplace is served, or was last.

    Attributes:
        url: without a token.
    """

    file: ClassVar[str] = "server.json"

    url: str


def bound(host: str, port: int | None) -> socket.socket:
    """A socket that listens.

    Args:
        port: None for the usual one, or the next that is free.

    Raises:
        ConfigError: the port is taken, or there is no such host.
    """
    ports = [port] if port is not None else [*range(PORT, PORT + TRIED), 0]
    for tried in ports:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host, tried, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except (socket.gaierror, UnicodeError):
            raise ConfigError(f"--host {host}: this machine has no such address") from None
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(address)
            found.listen(128)
        except OSError as error:
            found.close()
            if port is None and tried and not isinstance(error, PermissionError):
                continue
            raise ConfigError(
                f"--host {host} --port {tried}: {os.strerror(error.errno or 0)}; give another one, "
                "or leave it out"
            ) from None
        return found
    raise AssertionError("port 0 is always free")


def names_in(*addresses: str) -> frozenset[str]:
    """The names of hosts in addresses, or in names."""
    found = (urlsplit(each if "://" in each else f"//{each}").hostname for each in addresses)
    return frozenset(name for name in found if name)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(host: str, port: int, name: str | None = None) -> str:
    """The address for a browser.

    Args:
        name: under which it is reached; or the whole address, such as https://label.example.org.
    """
    if name and "://" in name:
        return name.rstrip("/")
    shown = name or host
    if shown in ("0.0.0.0", "::"):
        shown = socket.gethostname()
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


@contextlib.contextmanager
def only_server(workplace: Workplace) -> Iterator[None]:
    """Be the only one that writes.

    Raises:
        RunError: another one is there; the message says where.
    """
    workplace.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(workplace.folder))
        except RunError as error:
            raise RunError(_is_served(workplace, str(error))) from None
        yield


def serve(
    workplace: Workplace,
    people: People,
    options: Options,
    listening: socket.socket,
    url: str,
    *,
    names: frozenset[str] = frozenset(),
    workers: int = 1,
    cache_bytes: int = DEFAULT_BYTES,
    access_log: bool = False,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until Ctrl-C, or SIGTERM.

    Args:
        listening: see `bound`; it is closed.
        url: of it, for others who want to serve the same.
        workers: processes that prepare images; 0 for none.
        cache_bytes: on disk, for what is prepared.
        when_ready: called when the first request would be answered.

    Raises:
        RaysalError: what is to be annotated cannot be read.
    """
    workplace.view()  # Raises what is wrong, before anything is started.
    preparation = None
    if workers:
        cache = workplace.folder / "cache"
        preparation = Preparation(cache, workers, cache_bytes=cache_bytes)
    desk = Desk(workplace, people, options, preparation)
    if workplace.writes:
        Serving(url=url).write(workplace.folder)
    log = logging.getLogger(ACCESS)
    log.addFilter(without_query)
    config = uvicorn.Config(
        make_app(desk, names | names_in(url)),
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        timeout_graceful_shutdown=2,
        proxy_headers=False,
        lifespan="off",
        ws="none",
    )
    server = uvicorn.Server(config)
    try:
        workplace.start()
        when_ready()
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again at its end.
            server.run(sockets=[listening])
    finally:
        listening.close()
        log.removeFilter(without_query)
        if preparation is not None:
            preparation.close()
        workplace.close()


def without_query(record: logging.LogRecord) -> bool:
    """Take what follows the path, which may be a token, out of a line of the access log.

    A client may write the address as a whole (`GET http://host/?token=...`), or with escapes.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            _AFTER_PATH.sub("", a) if isinstance(a, str) else a for a in record.args
        )
    return True


def url_of_running(folder: Path) -> str | None:
    """Where a workplace is served, or was last; None if it never was."""
    try:
        return Serving.read(folder).url
    except DataError:
        return None


def _is_served(workplace: Workplace, otherwise: str) -> str:
    url = url_of_running(workplace.folder)
    if url is None:
        return otherwise
    return (
        f"{workplace.title} is served already, at {url}; open the link that was printed there, get "
        "another one with --invite NAME, or stop it first"
    )
