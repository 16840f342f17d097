"""Which files a pool may name.

A pool may come from a stranger, and what it names is read on the machines that score it. So a URI
is taken if it lies below the pool's own folder. Beyond that it may only be the absolute path of an
image file on disk, as `raysal pool build --no-embed` writes it: nothing on the network, no device
and no file without the suffix of an image.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from raysal.data.decode import IMAGE_SUFFIXES
from raysal.errors import DataError
from raysal.storage.uri import join, shown

LOCAL = "file://"


def allowed_uri(uri: str, folder: str) -> str:
    """The URI of an image that a pool names, absolute.

    Args:
        uri: absolute, or relative to the pool's folder.
        folder: path or URI of the pool.

    Raises:
        DataError: the pool may not name it.
    """
    if "\0" in uri or not uri:
        raise DataError(f"the pool names {uri!r}, which is no path")
    base = folder.partition("?")[0].rstrip("/")
    if "://" not in uri and not uri.startswith("/"):
        uri = join(base, uri)
    plain = posixpath.normpath(uri.partition("?")[0]) if "://" in uri else posixpath.normpath(uri)
    if plain.startswith(posixpath.normpath(base) + "/"):
        return uri
    if "://" in uri and not uri.startswith(LOCAL):
        raise DataError(
            f"the pool names '{shown(uri)}', which is not in the pool's own folder and is not "
            "read; build a pool that holds its images"
        )
    if Path(uri).suffix.lower() not in IMAGE_SUFFIXES:
        raise DataError(
            f"the pool names '{uri}', which is neither in the pool's own folder nor an image file "
            f"({', '.join(sorted(IMAGE_SUFFIXES))}), and is not read"
        )
    return uri
