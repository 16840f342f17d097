"""Lists of image ids in text files, as people write them.

A line names an image by its id: the relative path without suffix. A suffix in any case, `./` and
backslashes are understood, and so is the folder of the images in front (`images/a.jpg` where
`images` is the root, or an absolute path on another machine). Further columns are ignored. The
whole line is tried first, so that `IMG 1 (2)` is the image of that name and not the first of three
columns.

Text is UTF-8 or what its byte order mark says. A list in neither is read as Windows-1252, which
includes Latin-1: as every line has to name an image, a wrong guess is noticed.
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import posixpath
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from raysal.data.decode import IMAGE_SUFFIXES
from raysal.errors import DataError

SEPARATORS = ("\t", ",", ";", None)
"""Of columns; None is any white space."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Begins like UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OLD = "cp1252"
"""What lists are read as that are not UTF-8."""
NEAREST = 3
# difflib compares some 100,000 names a second.
COMPARED = 100_000


@dataclass(frozen=True)
class Line:
    """A line that is not empty; `guessed` if the encoding of the file is."""

    file: Path
    number: int
    text: str
    guessed: bool = False


def decode_text(data: bytes, file: Path) -> str:
    """Text in UTF-8, or in what its byte order mark says.

    Raises:
        DataError: it is neither; names the line and the encoding that it may have.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
            except UnicodeDecodeError:
                raise DataError(
                    f"{file}: begins as {encoding.upper()} and is not; save it as UTF-8"
                ) from None
    if b"\0" in data:
        raise DataError(
            f"{file}: contains zero bytes, as UTF-16 without a byte order mark does; save it as "
            "UTF-8"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.splitlines()[line - 1].decode("cp1252", "replace").strip()
        raise DataError(
            f"{file}: line {line} is not UTF-8 (as Latin-1 or Windows-1252 it reads '{text}'); "
            "save the file as UTF-8"
        ) from None


def read_lines(file: Path) -> list[Line]:
    """The lines of a text file that are not empty, without white space at their ends.

    Raises:
        DataError: it is absent or cannot be read, or its encoding is unknown.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read '{file}': {error.strerror or error}") from error
    text, guessed = _decoded(data, file)
    lines = enumerate(re.split(r"\r\n|\n|\r", text), 1)
    return [Line(file, number, text.strip(), guessed) for number, text in lines if text.strip()]


def match(
    lines: Iterable[Line], known: Container[str], root_name: str = ""
) -> tuple[list[str], list[Line]]:
    """The ids that lines name, in their order, and the lines that name none.

    A line that begins with `#` and names no image is a comment.

    Args:
        known: the ids that exist.
        root_name: name of the folder of the images.
    """
    ids, unknown = [], []
    for line in lines:
        found = next((name for name in spellings(line.text, root_name) if name in known), None)
        if found is not None:
            ids.append(found)
        elif not line.text.startswith("#"):
            unknown.append(line)
    return ids, unknown


def spellings(text: str, root_name: str = "") -> Iterator[str]:
    """The ids that a line may mean, the likeliest first."""
    yield from _of_path(text, root_name)
    for separator in SEPARATORS:
        first = text.split(separator, 1)[0].strip().strip("\"'")
        if first and first != text:
            yield from _of_path(first, root_name)


def first_unknown(unknown: list[Line], known: Iterable[str]) -> str:
    """What is wrong with the first line that names no image, for a message."""
    line = unknown[0]
    more = f" (and {len(unknown) - 1} more lines name none)" if len(unknown) > 1 else ""
    read_as = " (read as Windows-1252, as the file is not UTF-8)" if line.guessed else ""
    word = _without_suffix(_normal(line.text))
    return (
        f"{line.file}: line {line.number}: no image '{line.text}'{read_as}{more}"
        f"{nearest(word, known)}"
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """`; nearest: 'a', 'b'`: the ids that are most like a word; empty if there are none."""
    pool = sorted(known)
    if len(pool) > COMPARED:
        pool = [name for name in pool if name[:2] == word[:2]][:COMPARED]
    near = difflib.get_close_matches(word, pool, n=NEAREST, cutoff=0.5)
    if not near:
        return f"; ids are such as '{pool[0]}'" if pool else ""
    return "; nearest: " + ", ".join(f"'{name}'" for name in near)


def _decoded(data: bytes, file: Path) -> tuple[str, bool]:
    """The text of a list, and whether its encoding is a guess; raises as `decode_text`."""
    marked = any(data.startswith(mark) for mark, _ in BYTE_ORDER_MARKS)
    if not marked and b"\0" not in data and not _is_utf8(data):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(OLD), True
    return decode_text(data, file), False


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of_path(text: str, root_name: str) -> Iterator[str]:
    path = _normal(text)
    parts = path.split("/")
    below_root = (
        "/".join(parts[place + 1 :])
        for place, part in enumerate(parts[:-1])
        if root_name and part.casefold() == root_name.casefold()
    )
    for name in (text, path, *below_root):
        for spelling in (name, _without_suffix(name)):
            yield spelling
            # macOS stores accents apart from their letters.
            for form in ("NFC", "NFD") if not spelling.isascii() else ():
                yield unicodedata.normalize(form, spelling)


def _normal(text: str) -> str:
    return posixpath.normpath(text.replace("\\", "/"))


def _without_suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in IMAGE_SUFFIXES else name
