"""Access local disks and object stores through pyarrow's file systems."""

from __future__ import annotations

import stat
from pathlib import Path

from pyarrow import ArrowInvalid, fs

from raysal.errors import DataError
from raysal.storage.atomic import write_bytes

# Of one image; no encoded picture of a size that a network can be trained on comes near.
MAX_FILE_BYTES = 1 << 30
READ_BYTES = 16 << 20


def resolve(uri: str) -> tuple[fs.FileSystem, str]:
    """File system of a local path or of a URI such as `s3://bucket/key`, and the path within it.

    Raises:
        DataError: pyarrow does not know the scheme, or the URI is malformed.
    """
    if "://" not in uri:
        return fs.LocalFileSystem(), str(Path(uri).absolute())
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (ArrowInvalid, OSError) as error:
        # pyarrow's message repeats the URI and the credentials in it.
        reason = str(error).splitlines()[0].replace(uri, shown(uri))
        raise DataError(f"cannot open '{shown(uri)}': {reason}") from None
    if not path:
        raise DataError(f"cannot open '{shown(uri)}': it names no bucket; write s3://bucket/path")
    return filesystem, path


def shown(uri: str) -> str:
    """The URI without key, secret and query, so that it can be printed and stored.

    The rest identifies the data; the query (endpoint, scheme, tokens) only says how to reach them.
    Local paths are returned unchanged.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    rest = rest.partition("?")[0]
    before, at, after = rest.partition("@")
    # A secret may contain a slash that should have been escaped as %2F.
    if at and (":" in before or "/" not in before):
        rest = after
    return f"{scheme}://{rest}"


def absolute(uri: str) -> str:
    """Make a local path absolute, because workers do not share the driver's working folder."""
    return uri if "://" in uri else str(Path(uri).absolute())


def join(path: str, *parts: str) -> str:
    """Join parts of a path within a file system; pyarrow uses forward slashes on all platforms."""
    return "/".join([path.rstrip("/"), *parts])


def read_uri(uri: str) -> bytes:
    """All bytes of a file.

    Raises:
        DataError: the file is absent or unreadable, or may never end: a device, a pipe, or more
            than `MAX_FILE_BYTES`.
    """
    filesystem, path = resolve(uri)
    try:
        if isinstance(filesystem, fs.LocalFileSystem) and not stat.S_ISREG(
            Path(path).stat().st_mode
        ):
            raise DataError(f"cannot read '{shown(uri)}': it is a device, pipe or folder, no file")
        with filesystem.open_input_stream(path) as stream:
            data = bytearray()
            while chunk := stream.read(READ_BYTES):
                data += chunk
                if len(data) > MAX_FILE_BYTES:
                    raise DataError(
                        f"cannot read '{shown(uri)}': it has more than {MAX_FILE_BYTES >> 20} MiB"
                    )
            return bytes(data)
    except OSError as error:
        raise DataError(f"cannot read '{shown(uri)}': {str(error).splitlines()[0]}") from error


def write_whole(
    filesystem: fs.FileSystem, path: str, data: bytes, *, sync_folder: bool = True
) -> None:
    """Write a file atomically.

    On a local disk as `write_bytes` does; on an object store, where a put is atomic by itself,
    directly.

    Args:
        sync_folder: see `write_bytes`; has no effect on an object store.

    Raises:
        OSError: no space, no permission, no connection.
    """
    if isinstance(filesystem, fs.LocalFileSystem):
        write_bytes(Path(path), data, sync_folder=sync_folder)
    else:
        with filesystem.open_output_stream(path) as stream:
            stream.write(data)
