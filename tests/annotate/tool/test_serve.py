"""A real server: sockets, ports, its end, and a kill in the middle of a save."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from raysal.annotate.tool.people import People
from raysal.annotate.tool.serve import (
    PORT,
    Serving,
    bound,
    is_loopback,
    names_in,
    only_server,
    url_of,
    without_query,
)
from raysal.annotate.tool.workplace import key_of
from raysal.errors import ConfigError, RunError
from tests.support import own_loop
from tests.support.labelling import Browser, MadeUp, Served
from tests.support.paths import ROOT

# Serves made-up images as `raysal annotate` does.
SERVE = """
import sys
from pathlib import Path
from raysal.annotate.tool.desk import Options
from raysal.annotate.tool.people import People
from raysal.annotate.tool.serve import bound, only_server, serve, url_of
from tests.annotate.tool.test_serve import place_in

place = place_in(Path(sys.argv[1]))
with only_server(place):
    listening = bound("127.0.0.1", 0)
    url = url_of("127.0.0.1", listening.getsockname()[1])
    token = People(place.folder).invite("Ann", again=True)
    serve(
        place, People(place.folder), Options(), listening, url, workers=0, access_log=True,
        when_ready=lambda: print(url, token, flush=True),
    )
print("ended", flush=True)
"""
SIZE = (200, 300)
KILLS = 8


def place_in(folder: Path) -> MadeUp:
    from tests.support.asked_images import asked_image

    return MadeUp(folder, [asked_image("a", SIZE)])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client, str]]:
    """A server in a process of its own, a browser that came by its link, and its token."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split()
        assert line, process.communicate()
        url, token = line
        with httpx.Client(base_url=url) as client:
            assert client.get("/", params={"token": token}).status_code == 303
            yield process, client, token
    finally:
        process.kill()
        process.wait()


def body(raster: np.ndarray, base: int) -> bytes:
    head = {"state": "draft", "base": base, "session": "tab"}
    return json.dumps(head).encode() + b"\n" + raster.tobytes()


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, SIZE).astype(np.uint8)


def test_a_server_from_its_start_to_its_end(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    with running(tmp_path) as (process, client, token):
        assert client.get("/api/session").json()["name"] == "Ann"
        key = key_of(place.asked.images[0])
        assert client.put(f"/api/images/{key}/answer", content=body(noise(0), 0)).is_success
        # Paths that clients clean up before they send them.
        for path in (
            b"/static/../tool/app.py",
            b"/static/%2e%2e/tool/app.py",
            b"/../../etc/passwd",
        ):
            assert raw(client, path).split(b" ")[1] == b"404", path
        for target in ("http://localhost/?token=", "/%3Ftoken=", "/#token=", "/;token="):
            raw(client, f"{target}{token}".encode())
        with (
            pytest.raises(RunError, match=f"served already, at {client.base_url}"),
            only_server(place),
        ):
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.endswith("ended\n")
    assert "Traceback" not in err
    assert "GET / HTTP" in out + err
    assert token not in out + err
    with only_server(place):
        pass


def raw(client: httpx.Client, path: bytes) -> bytes:
    url = client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(
            b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        return connection.recv(4096)


@pytest.mark.parametrize(
    "path",
    ["/?token=T", "http://localhost/?token=T", "http%3A//localhost/?token=T", "/%3Ftoken=T",
     "/x;token=T", "/#token=T", "/token=T", "/TOKEN%3dT"],
)  # fmt: skip
def test_no_line_of_the_access_log_has_a_token(path: str) -> None:
    """Whatever of the request the parser of HTTP makes its path."""
    args = ("127.0.0.1:5", "GET", path, "1.1", 200)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None
    )
    assert without_query(record)
    said = record.getMessage()
    assert "=T" not in said
    assert "%3dT" not in said
    assert said.startswith('127.0.0.1:5 - "GET ')
    assert said.endswith("200")


@pytest.mark.slow
def test_killed_in_the_middle_of_saves(tmp_path: Path) -> None:
    """What was confirmed is there, or what was on its way after it, and whole."""
    place = place_in(tmp_path)
    image, moments = place.asked.images[0], random.Random(0)
    key, store, version = key_of(image), place.asked.store(image), 0
    sent: dict[int, np.ndarray] = {}
    for _ in range(KILLS):
        with running(tmp_path) as (process, client, _):
            kill = threading.Timer(moments.uniform(0, 0.1), process.kill)
            with contextlib.suppress(httpx.TransportError):
                while True:
                    sent[version + 1] = noise(version + 1)
                    reply = client.put(
                        f"/api/images/{key}/answer", content=body(sent[version + 1], version)
                    )
                    assert reply.is_success, reply.text
                    version = reply.json()["version"]
                    if (
                        kill.ident is None
                    ):  # After the first one, so that each life saves something.
                        kill.start()
            kill.join()
        answer = store.current(image.image_id)
        stored = 0 if answer is None else answer.version
        assert version <= stored <= version + 1
        if answer is not None:
            np.testing.assert_array_equal(answer.raster, sent[stored])
        version = stored
    assert version >= KILLS


def test_saving_does_not_hold_up_others(
    server: Served, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, free = threading.Event(), threading.Event()
    save = type(server.store()).save

    def slow(store, answer):  # type: ignore[no-untyped-def]
        inside.set()
        assert free.wait(20)
        return save(store, answer)

    monkeypatch.setattr("raysal.data.answers.AnswerStore.save", slow)
    transport = httpx.ASGITransport(server.app)
    line = b'{"state": "draft", "base": 0, "session": "s"}\n'

    async def both() -> tuple[int, int]:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=ann.client.headers
        ) as client:
            url = f"/api/images/{server.key()}/answer"
            saving = asyncio.create_task(client.put(url, content=line + bytes(24 * 36)))
            while not inside.is_set():
                await asyncio.sleep(0.001)
            other = await client.get("/api/queue")
            assert not saving.done()
            free.set()
            return other.status_code, (await saving).status_code

    assert own_loop.run(both()) == (200, 200)


def test_wrong_tokens_do_not_slow_others(server: Served, ann: Browser) -> None:
    """With real waiting: many guesses at once, and somebody who works meanwhile."""
    from raysal.annotate.tool.app import make_app
    from raysal.annotate.tool.guard import Patience

    app = make_app(server.desk, patience=Patience(first_s=30, most_s=30, waiting=5))

    async def guesses() -> tuple[float, set[int]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            tries = [asyncio.create_task(client.get("/?token=x")) for _ in range(20)]
            await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
            start = time.monotonic()
            found = await client.get("/api/queue", headers=ann.client.headers)
            took = time.monotonic() - start
            assert found.status_code == 200
            done = {task.result().status_code for task in tries if task.done()}
            for task in tries:
                task.cancel()
            return took, done

    took, done = own_loop.run(guesses())
    assert took < 20
    assert done == {429}


def test_the_next_free_port() -> None:
    with bound("127.0.0.1", None) as first, bound("127.0.0.1", None) as second:
        ports = first.getsockname()[1], second.getsockname()[1]
        assert ports[0] >= PORT
        assert ports[0] < ports[1]
        with pytest.raises(ConfigError, match=rf"--port {ports[0]}: Address already in use"):
            bound("127.0.0.1", ports[0])


def test_hosts_that_are_none() -> None:
    for host in ("no.such.host.invalid", "192.0.2.1", "a" * 300):
        with pytest.raises(ConfigError, match="--host"):
            bound(host, 0)


def test_addresses() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "::", "10.0.0.1", "example.org")] == [False] * 4
    assert url_of("::1", 80) == "http://[::1]:80"
    assert url_of("127.0.0.1", 80, "label.example.org") == "http://label.example.org:80"
    assert url_of("127.0.0.1", 80, "https://label.example.org/") == "https://label.example.org"
    assert url_of("0.0.0.0", 80) == f"http://{socket.gethostname()}:80"


def test_names_of_addresses() -> None:
    found = names_in("https://Label.example.org/x", "box", "http://10.0.0.1:80", "http://[::1]:9")
    assert found == {"label.example.org", "box", "10.0.0.1", "::1"}
    # What is printed can be opened.
    assert names_in(url_of("0.0.0.0", 80)) == {socket.gethostname().lower()}


def test_a_second_server_is_told_where_the_first_is(place: MadeUp) -> None:
    with only_server(place):
        Serving(url="http://127.0.0.1:8765").write(place.folder)
        with (
            pytest.raises(RunError, match=r"mine is served already, at http://127.0.0.1:8765;"),
            only_server(place),
        ):
            pass


def test_an_invitation_beside_a_running_server(place: MadeUp, server: Served) -> None:
    token = People(place.folder).invite("Late")  # In another process.
    found = server.stranger().get("/", params={"token": token})
    assert found.status_code == 303
