"""A Label Studio server of the test's own: one process, one SQLite file, nothing sent elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_S = 600
_TOKEN = "0123456789abcdef0123456789abcdef01234567"
_USER, _PASSWORD = "ann@example.org", "only-for-tests"


@dataclass(frozen=True)
class Server:
    """Speaks to the server's API as its only user."""

    url: str

    def get(self, path: str) -> bytes:
        """The body of an answer."""
        return self._send(urllib.request.Request(self.url + path))

    def post(self, path: str, value: Any) -> Any:
        """The JSON answer to a JSON request."""
        data = json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        return json.loads(self._send(urllib.request.Request(self.url + path, data, headers)))

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """The JSON answer to a form with one file, as a browser sends it."""
        border = uuid.uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'
        data = head.encode() + content + f"\r\n--{border}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
        return json.loads(self._send(urllib.request.Request(self.url + path, data, headers)))

    def _send(self, request: urllib.request.Request) -> bytes:
        request.add_header("Authorization", f"Token {_TOKEN}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error}: {error.read()[:2000]!r}") from error


@contextlib.contextmanager
def label_studio(program: Path, folder: Path, documents: Path) -> Iterator[Server]:
    """A running server.

    Args:
        folder: for its data; empty.
        documents: the folder whose files it serves.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(documents),
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "HOME": str(folder),
        "PYTHONPATH": "",
    }
    command = [
        program, "start", "--no-browser", "--port", str(port), "--internal-host", "127.0.0.1",
        "--data-dir", folder, "--username", _USER, "--password", _PASSWORD,
        "--user-token", _TOKEN, "--enable-legacy-api-token",
    ]  # fmt: skip
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=folder, stdin=subprocess.DEVNULL
        )
        try:
            server = Server(f"http://127.0.0.1:{port}")
            _wait(server, process, folder / "log.txt")
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        with contextlib.suppress(OSError, AssertionError):
            server.get("/api/projects")
            return
        if process.poll() is not None:
            break
        time.sleep(1)
    raise AssertionError(f"Label Studio did not start: {log.read_text()[-3000:]}")
