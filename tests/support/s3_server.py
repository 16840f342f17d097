"""An S3 server in this process, and URIs of its bucket."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

KEY, SECRET = "an-access-key", "a-secret-key"
BUCKET = "bucket"


@dataclass(frozen=True)
class S3Server:
    """A running server; `address` is `host:port`."""

    address: str

    def uri(self, path: str) -> str:
        """A URI with key, secret and address of the server, as a user may write it."""
        return f"s3://{KEY}:{SECRET}@{BUCKET}/{path}?scheme=http&endpoint_override={self.address}"

    def environment(self) -> dict[str, str]:
        """Environment variables with the same information, for URIs without it."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://{self.address}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server with one empty bucket."""
    from moto.server import ThreadedMotoServer
    from pyarrow import fs

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        # All servers of a process share their buckets.
        reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset).close()
        store = fs.S3FileSystem(
            access_key=KEY,
            secret_key=SECRET,
            scheme="http",
            region="us-east-1",
            endpoint_override=f"{host}:{port}",
            allow_bucket_creation=True,
        )
        store.create_dir(BUCKET)
        yield S3Server(f"{host}:{port}")
    finally:
        server.stop()
