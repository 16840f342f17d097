"""Which files a pool may name, and how large its images may be.

A pool may come from a stranger, and what it names is read on the machines that score it. Without
being asked, raysal reads what lies below the pool's own folder, and image files on disk by their
absolute paths, as `raysal pool build --no-embed` writes them. So a stranger's pool can have private
pictures scored, if it knows their names: they reach the scores, masks and contact sheets that are
made from it, and no other place. It cannot have anything else read: nothing on the network, no
device, and no file without the suffix of an image, unless the user allows the folder (`Permits`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from raysal.data.decode import IMAGE_SUFFIXES
from raysal.data.opening import MAX_MEGAPIXELS
from raysal.errors import ConfigError, DataError
from raysal.storage.uri import absolute, join, shown


@dataclass(frozen=True)
class Permits:
    """What a pool may make raysal read, besides what lies in its own folder.

    Attributes:
        outside: folders or URIs; what lies below them may be named. Credentials and query of such a
            URI are used for everything below it that has none.
        max_megapixels: larger images are refused; None for pools that raysal built in a run, whose
            images were all admitted then.
    """

    outside: tuple[str, ...] = ()
    max_megapixels: float | None = MAX_MEGAPIXELS

    @classmethod
    def of(
        cls, allow_outside: Sequence[str] | None, max_megapixels: float = MAX_MEGAPIXELS
    ) -> Permits:
        """From the options of a command.

        Raises:
            ConfigError: a prefix is empty.
        """
        prefixes = [prefix.strip() for prefix in allow_outside or ()]
        if not all(prefixes):
            raise ConfigError("--allow-outside: give a folder, or a URI such as s3://bucket/images")
        return cls(tuple(map(absolute, prefixes)), max_megapixels)


STRICT = Permits()
IN_A_RUN = Permits(max_megapixels=None)


def allowed_uri(uri: str, folder: str, outside: Sequence[str] = ()) -> str:
    """The URI of an image that a pool names, absolute, with what gives access to it.

    Args:
        uri: absolute, or relative to the pool's folder.
        folder: path or URI of the pool.
        outside: see `Permits`.

    Raises:
        DataError: the pool may not name it.
    """
    if "\0" in uri or not uri:
        raise DataError(f"the pool names {uri!r}, which is no path")
    if "://" not in uri and not uri.startswith("/"):
        base, _, query = folder.partition("?") if "://" in folder else (folder, "", "")
        uri = join(base, uri) + (f"?{query}" if query and "?" not in uri else "")
    for root in (folder, *outside):
        if (found := _below(uri, root)) is not None:
            return found
    place = _Place.of(uri)
    parent = posixpath.dirname(shown(uri) if place.scheme else place.path)
    remedy = f"if it may be read, use --allow-outside '{parent}'"
    if place.scheme:
        raise DataError(
            f"the pool names '{shown(uri)}', which is not in the pool's own folder and is not "
            f"read; {remedy}"
        )
    if PurePosixPath(place.path).suffix.lower() not in IMAGE_SUFFIXES:
        raise DataError(
            f"the pool names '{uri}', which is neither in the pool's own folder nor an image file "
            f"({', '.join(sorted(IMAGE_SUFFIXES))}), and is not read; {remedy}"
        )
    return uri


class _Place(NamedTuple):
    """The parts of a path or URI; those of a local path are empty but for `path`, its normal form.

    Attributes:
        host: with credentials, if there are any; on an object store the bucket.
    """

    scheme: str
    host: str
    path: str
    query: str

    @classmethod
    def of(cls, uri: str) -> _Place:
        scheme, separator, rest = uri.partition("://")
        if not separator:
            return cls("", "", posixpath.normpath(uri), "")
        rest, _, query = rest.partition("?")
        host, _, path = rest.partition("/")
        # Written with percent signs, `..` would climb as well.
        path = posixpath.normpath("/" + unquote(path))
        if scheme.lower() == "file" and not host:
            return cls("", "", path, "")
        return cls(scheme.lower(), host, path, query)


def _below(uri: str, root: str) -> str | None:
    """The URI, read with the access that `root` has, if it lies below it; None if it does not.

    A URI with other credentials or another query, which may name another server, lies elsewhere.
    """
    place, base = _Place.of(uri), _Place.of(root)
    if (
        place.scheme != base.scheme
        or place.host not in (base.host, base.host.rpartition("@")[2])
        or place.query not in ("", base.query)
        or not f"{place.path}/".startswith(f"{base.path.rstrip('/')}/")
    ):
        return None
    if not place.scheme:
        return uri
    path = uri.partition("://")[2].partition("?")[0].partition("/")[2]
    return f"{place.scheme}://{base.host}/{path}" + (f"?{base.query}" if base.query else "")
