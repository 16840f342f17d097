"""Whether somebody listens at the address of a cluster, before Ray waits long for an answer."""

from __future__ import annotations

import socket

CLIENT = "ray://"
CLIENT_PORT = 10001
TIMEOUT_S = 10.0


def knock(address: str) -> None:
    """Open and close a connection to `HOST:PORT` or `ray://HOST[:PORT]`.

    Other addresses, such as `auto`, are Ray's to look up.

    Raises:
        ConnectionError: no such host, or nobody answers there.
    """
    host, separator, port = address.removeprefix(CLIENT).rpartition(":")
    if address.startswith(CLIENT) and not separator:
        host, port = port, str(CLIENT_PORT)
    if not host or not port.isdigit():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT_S):
            pass
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConnectionError(reason.lower()) from error
