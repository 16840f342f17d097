"""Check that Ray listens at an address. Ray itself would wait minutes for an answer."""

from __future__ import annotations

import os
import socket
import time

CLIENT = "ray://"
CLIENT_PORT = 10001
TIMEOUT_S = 10.0
# No server implements this method. Every gRPC server answers the call, if only with that error.
METHOD = "/raysal.Reach/Check"


def check_reachable(address: str) -> None:
    """Check that a gRPC server, which Ray is, listens at `HOST:PORT` or `ray://HOST[:PORT]`.

    Other addresses, such as `auto`, are left to Ray. With RAY_USE_TLS, only the connection is
    checked.

    Raises:
        ConnectionError: the host does not exist or does not answer within `TIMEOUT_S`, nothing
            listens at the port, or what listens there is not Ray.
    """
    host, separator, port = address.removeprefix(CLIENT).rpartition(":")
    if address.startswith(CLIENT) and not separator:
        host, port = port, str(CLIENT_PORT)
    host = host.strip("[]")
    if not host or not port.isdigit():
        return
    end_s = time.monotonic() + TIMEOUT_S
    try:
        socket.create_connection((host, int(port)), timeout=TIMEOUT_S).close()
    except TimeoutError as error:
        raise _no_answer() from error
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConnectionError(reason.lower()) from error
    if os.environ.get("RAY_USE_TLS", "0") == "0":
        _check_grpc(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            max(0.1, end_s - time.monotonic()),
        )


def _check_grpc(target: str, timeout_s: float) -> None:
    import grpc  # Takes 0.1 s, and only joining a cluster needs it.

    # Ray does not use HTTP proxies inside a cluster either.
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(METHOD)(b"", timeout=timeout_s)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise _no_answer() from error
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise ConnectionError(
                    "what listens there is not Ray; its port is 6379 by default"
                ) from error


def _no_answer() -> ConnectionError:
    return ConnectionError(f"no answer in {TIMEOUT_S:g} s")
