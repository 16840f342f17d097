"""Whether a cluster listens at an address, before Ray waits for minutes for an answer."""

from __future__ import annotations

import os
import socket

CLIENT = "ray://"
CLIENT_PORT = 10001
TIMEOUT_S = 10.0
# How HTTP/2 begins, which gRPC and so Ray speaks (RFC 9113, section 3.4): the client's words and
# an empty frame of settings; the server answers with a frame of settings of its own.
SETTINGS = 4
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])


def knock(address: str) -> None:
    """Greet whoever is at `HOST:PORT` or `ray://HOST[:PORT]`.

    Other addresses, such as `auto`, are Ray's to look up.

    Raises:
        ConnectionError: no such host, nobody answers there, or somebody who is not Ray.
    """
    host, separator, port = address.removeprefix(CLIENT).rpartition(":")
    if address.startswith(CLIENT) and not separator:
        host, port = port, str(CLIENT_PORT)
    if not host or not port.isdigit():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT_S) as server:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return
            server.sendall(GREETING)
            answer = server.recv(4)
    except TimeoutError as error:
        raise ConnectionError(f"no answer in {TIMEOUT_S:g} s") from error
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConnectionError(reason.lower()) from error
    if answer[3:] != bytes([SETTINGS]):
        raise ConnectionError("what listens there is not Ray; its port is 6379 by default")
