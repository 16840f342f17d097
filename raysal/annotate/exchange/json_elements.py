"""The elements of large arrays in a JSON file, one at a time.

Exports have a gigabyte and more: `json.load` would need several times that. Here a file is read
once to find where each element of its outermost arrays begins and ends; an element is parsed, with
the standard library, when it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from raysal.errors import DataError

CHUNK_BYTES = 1 << 20
MAX_ELEMENT_BYTES = 1 << 30
_SIGN = re.compile(rb'["\[\]{}]')
# A string up to its end; possessive, because strings may be long.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


class Span(NamedTuple):
    """Where an element is: bytes from `start` to before `end`."""

    start: int
    end: int


class JsonElements:
    """A JSON file whose outermost value is an array, or an object that has arrays.

    Args:
        file: read at any place.
        where: for messages.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self.where = where

    def __iter__(self) -> Iterator[tuple[str, Span]]:
        """The objects and arrays in the outermost arrays, with the key of their array; with an
        empty key if the outermost value is an array.

        Raises:
            DataError: the file is truncated, or no JSON.
        """
        key, last, start, depth = "", b"", 0, 0
        within = 0
        """Depth of the elements: 1 in an outermost array, 2 in an array of an outermost object."""
        for place, sign in self._signs():
            if sign[:1] == b'"':
                last = sign
            elif sign in _OPENING:
                if depth == 0:
                    within = 1 if sign == b"[" else 2
                elif depth == 1 and within == 2:
                    key = self._key(last) if sign == b"[" else ""
                elif depth == within and (key or within == 1):
                    start = place
                depth += 1
            else:
                depth -= 1
                if depth == within and (key or within == 1) and depth > 0:
                    yield key, Span(start, place + 1)
                if depth < 0:
                    raise self._damaged("there is a bracket too many")
        if depth or not within:
            raise self._damaged("it ends too early" if depth else "it is not JSON")

    def load(self, span: Span, without: re.Pattern[bytes] | None = None) -> Any:
        """An element.

        Args:
            without: arrays that are read as empty ones, because parsing them takes long.

        Raises:
            DataError: it is no JSON, or too large.
        """
        if span.end - span.start > MAX_ELEMENT_BYTES:
            raise self._damaged(f"an element has more than {MAX_ELEMENT_BYTES >> 20} MiB")
        self._file.seek(span.start)
        text = self._file.read(span.end - span.start)
        try:
            return json.loads(text if without is None else without.sub(b"[]", text))
        except (ValueError, RecursionError) as error:
            raise self._damaged(f"at byte {span.start}: {error}") from error

    def _signs(self) -> Iterator[tuple[int, bytes]]:
        """Places of brackets, and of strings up to their end."""
        rest, place = b"", 0  # What is not yet read through, and where it begins.
        while chunk := self._chunk(place + len(rest)):
            text, at = rest + chunk, 0
            while found := _SIGN.search(text, at):
                at = found.start()
                if found.group() != b'"':
                    yield place + at, found.group()
                    at += 1
                elif string := _STRING.match(text, at):
                    yield place + at, string.group()
                    at = string.end()
                else:
                    break
            else:
                at = len(text)
            rest = text[at:]
            place += at
            if len(rest) > MAX_ELEMENT_BYTES:
                raise self._damaged(f"a text has more than {MAX_ELEMENT_BYTES >> 20} MiB")
        if rest:
            raise self._damaged("it ends too early")

    def _chunk(self, place: int) -> bytes:
        self._file.seek(place)  # Elements are loaded in between.
        return self._file.read(CHUNK_BYTES)

    def _key(self, string: bytes) -> str:
        try:
            return str(json.loads(string))
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> DataError:
        return DataError(f"{self.where} is truncated or damaged: {why}; export it again")
