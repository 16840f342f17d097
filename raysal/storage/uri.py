"""Local disk and object stores through pyarrow's file systems."""

from __future__ import annotations

from pathlib import Path

from pyarrow import ArrowInvalid, fs

from raysal.errors import DataError
from raysal.storage.atomic import write_bytes


def resolve(uri: str) -> tuple[fs.FileSystem, str]:
    """File system and path within it, of a local path or of a URI such as `s3://bucket/key`.

    Raises:
        DataError: a scheme that pyarrow does not know, or a URI that is none.
    """
    if "://" not in uri:
        return fs.LocalFileSystem(), str(Path(uri).absolute())
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (ArrowInvalid, OSError) as error:
        # The library's text repeats the URI, and with it what must not be shown.
        reason = str(error).splitlines()[0].replace(uri, shown(uri))
        raise DataError(f"cannot open '{shown(uri)}': {reason}") from None
    if not path:
        raise DataError(f"cannot open '{shown(uri)}': it names no bucket; s3://bucket/path does")
    return filesystem, path


def shown(uri: str) -> str:
    """The URI as it may be printed and stored: without key, secret and query; paths as they are.

    What is left says where the data lie; the query (endpoint, scheme, tokens) says how to get
    there.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    rest = rest.partition("?")[0]
    before, at, after = rest.partition("@")
    # A secret may hold a slash that should have been written %2F.
    if at and (":" in before or "/" not in before):
        rest = after
    return f"{scheme}://{rest}"


def absolute(uri: str) -> str:
    """A local path made absolute, since workers do not share the driver's working folder."""
    return uri if "://" in uri else str(Path(uri).absolute())


def join(path: str, *parts: str) -> str:
    """Path within a file system; forward slashes everywhere."""
    return "/".join([path.rstrip("/"), *parts])


def read_uri(uri: str) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: absent or unreadable.
    """
    filesystem, path = resolve(uri)
    try:
        with filesystem.open_input_stream(path) as stream:
            return bytes(stream.read())
    except OSError as error:
        raise DataError(f"cannot read '{shown(uri)}': {str(error).splitlines()[0]}") from error


def write_whole(filesystem: fs.FileSystem, path: str, data: bytes) -> None:
    """Write a file so that readers see it whole or not at all.

    Locally through a rename; an object store's put is atomic by itself.
    """
    if isinstance(filesystem, fs.LocalFileSystem):
        write_bytes(Path(path), data)
    else:
        with filesystem.open_output_stream(path) as stream:
            stream.write(data)
