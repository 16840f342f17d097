"""Names of pictures: those they are handed out with, and those they come back with.

Programs drop folders, put `images/` or a hash in front, replace spaces, and change suffixes. A name
that comes back is the image whose name ends in the same folders and file name, if there is just
one. Images of closed queries are compared too, so that `1.png` is not taken for the image that is
left over with this name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from raysal.annotate.asked import AskedImage
from raysal.data.decode import IMAGE_SUFFIXES
from raysal.data.walk import is_hidden
from raysal.errors import DataError
from raysal.storage.seal import hash_bytes

# Not allowed in names of some file system, or with a meaning in URLs and archives.
_BAD = re.compile(r'[\x00-\x1f\x7f"*:<>?\\|%#]')
# Slashes that are not between two names, and dots that hide a name or stand for a folder.
_ODD = re.compile(r"^/|(?<=/)/|/$|(?:(?<=/)|^)\.")
_LONGEST_BYTES = 200
_FOLDER_MARK = "__"
_UPLOAD_HASH = re.compile(r"[0-9a-f]{8}-(?=.)")


def file_stem(image_id: str, flat: bool = False) -> str:
    """A relative path without suffix for an image.

    Args:
        flat: without folders.
    """
    name = _ODD.sub(_escaped, _BAD.sub(_escaped, image_id)) or "%"
    if flat:
        name = name.replace("/", _FOLDER_MARK)
    return "/".join(_shortened(part, image_id) for part in name.split("/"))


def file_stems(ids: Sequence[str], flat: bool) -> list[str]:
    """As `file_stem`, with something added to names that may be taken for those of others."""
    means = Counter(name for image_id in ids for name in _may_mean(image_id))
    stems = ((image_id, file_stem(image_id, flat)) for image_id in ids)
    return [
        _distinct(image_id, flat) if means[stem.casefold()] > 1 else stem
        for image_id, stem in stems
    ]


def _may_mean(image_id: str) -> set[str]:
    names = {image_id, file_stem(image_id), file_stem(image_id, flat=True)}
    return {name.casefold() for each in names for name in (each, _without_suffix(each))}


def _distinct(image_id: str, flat: bool) -> str:
    return f"{file_stem(image_id, flat)}-{hash_bytes(image_id.encode())[:8]}"


class Matcher:
    """Finds the image that a name means.

    Args:
        asked: the images that are asked for.
        closed: gives the images that were asked for before, with the names of their queries.
    """

    def __init__(
        self, asked: Sequence[AskedImage], closed: Callable[[], Mapping[str, str]]
    ) -> None:
        self._asked = {image.image_id: image for image in asked}
        self._closed_of = closed

    def find(self, names: Iterable[str]) -> AskedImage:
        """The image that one of several names means, the surest name first.

        Raises:
            DataError: none of them is asked for, or it may be several; says which.
        """
        names = list(names)
        for name in names:
            for plain in (name, _without_suffix(name)):
                if plain in self._asked:
                    return self._asked[plain]
        for name in names:
            for spelling in _given_spellings(name):
                found = self._by_spelling.get(spelling)
                if found is not None:
                    return self._only(name, found)
        shown = names[0] if names else ""
        such = next(iter(self._asked), None)
        raise DataError(
            f"no image '{shown}' is asked for" + (f"; ids are such as '{such}'" if such else "")
        )

    def _only(self, name: str, found: set[str]) -> AskedImage:
        if len(found) > 1:
            listed = ", ".join(f"'{image_id}'" for image_id in sorted(found)[:3])
            raise DataError(f"'{name}' may be any of {len(found)} images: {listed}")
        (image_id,) = found
        if image_id not in self._asked:
            raise DataError(
                f"'{image_id}' was answered for the query '{self._closed[image_id]}', which is "
                "closed"
            )
        return self._asked[image_id]

    @cached_property
    def _closed(self) -> dict[str, str]:
        return {i: query for i, query in self._closed_of().items() if i not in self._asked}

    @cached_property
    def _by_spelling(self) -> dict[str, set[str]]:
        """Ids by their spellings, and by the ends of these: `b/c` and `c` for `a/b/c`."""
        by_spelling: dict[str, set[str]] = {}
        for image_id in (*self._asked, *self._closed):
            for spelling in _own_spellings(image_id):
                by_spelling.setdefault(spelling, set()).add(image_id)
        return by_spelling


def _own_spellings(image_id: str) -> Iterator[str]:
    """With a slash in front, the whole name; without, the ends of it."""
    whole = {image_id}
    for flat in (False, True):
        whole |= {file_stem(image_id, flat), _distinct(image_id, flat)}
    for name in map(_normal, whole):
        yield "/" + name
        yield from _ends(name)
        yield _as_uploaded(name.rsplit("/", 1)[-1])


def _given_spellings(name: str) -> Iterator[str]:
    """What a name may mean, the likeliest first."""
    for path in dict.fromkeys((name, unquote(name), *_paths_in_url(name))):
        path = _normal(path)
        stem = _without_suffix(path)
        for plain in dict.fromkeys((path, stem, _without_suffix(stem))):
            yield from ("/" + plain, plain)
            # Further folders in front: `images/`, an absolute path.
            yield from ("/" + end for end in _ends(plain))
    for path in dict.fromkeys((name, unquote(name), *_paths_in_url(name))):
        last = _without_suffix(_normal(path).rsplit("/", 1)[-1])
        if _UPLOAD_HASH.match(last):
            yield _UPLOAD_HASH.sub("", last, count=1)


def _ends(path: str) -> Iterator[str]:
    parts = path.split("/")
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _paths_in_url(name: str) -> Iterator[str]:
    """The path in a URL, and the one that Label Studio's local files have in their query."""
    if "://" in name or name.startswith("/"):
        url = urlsplit(name)
        yield from parse_qs(url.query).get("d", ())
        yield unquote(url.path)


def _normal(path: str) -> str:
    return unicodedata.normalize("NFC", path.replace("\\", "/").removeprefix("./"))


def _without_suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in IMAGE_SUFFIXES else name


def _as_uploaded(name: str) -> str:
    """As Django stores a file of this name."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode())


def _shortened(part: str, image_id: str) -> str:
    if is_hidden(part):
        part = f"%{ord(part[0]):02X}{part[1:]}"
    data = part.encode(errors="replace")
    if len(data) <= _LONGEST_BYTES:
        return part
    return f"{data[:_LONGEST_BYTES].decode(errors='ignore')}-{hash_bytes(image_id.encode())[:8]}"
