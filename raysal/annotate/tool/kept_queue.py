"""The queue of one person as it was last, as JSON text by image: so that only that is made again
which has changed. Pages ask for it every two seconds, and there may be ten thousand images."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from raysal.annotate.tool.index import Scan
from raysal.annotate.tool.workplace import Unit


class Row(NamedTuple):
    """Of one image.

    Attributes:
        text: its JSON.
        of, done, by_you: in the unit of the progress: what it counts, how much of that is done, and
            how much by the person.
        review: when it was saved and its JSON in the review queue, if it waits there.
    """

    text: str
    of: int
    done: int
    by_you: int
    review: tuple[float, str] | None


@dataclass(frozen=True)
class Basis:
    """What rows are made from.

    Attributes:
        holders: who works on which images, by key.
        unreadable: why pictures cannot be read, by key.
    """

    scan: Scan
    holders: Mapping[str, Sequence[str]]
    unreadable: Mapping[str, str]
    unit: Unit
    writes: bool
    overlap: float
    reviewer: bool

    @property
    def of_all(self) -> tuple[object, ...]:
        """What all rows depend on."""
        return self.unit, self.writes, self.overlap, self.reviewer


@dataclass
class Kept:
    """Attributes:
    lock: to be held while it is used.
    etag: another one if anything has changed.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    etag: str = ""
    _basis: Basis | None = None
    _rows: list[Row] = field(default_factory=list)
    _head: Mapping[str, Any] = field(default_factory=dict)
    _progress: Mapping[str, Any] = field(default_factory=dict)
    _review: str = ""

    def outdated(self, now: Basis) -> Sequence[int]:
        """The places of images whose rows have to be made again."""
        old = self._basis
        if old is None or old.scan.asked is not now.scan.asked or old.of_all != now.of_all:
            return range(len(now.scan.known))
        pairs = zip(old.scan.known, now.scan.known, strict=True)
        places = {place for place, (before, after) in enumerate(pairs) if before is not after}
        keys = _differing(old.holders, now.holders) | _differing(old.unreadable, now.unreadable)
        if keys:
            places |= {place for place, key in enumerate(now.scan.asked.by_key) if key in keys}
        return sorted(places)

    def renew(self, now: Basis, rows: Mapping[int, Row], head: Mapping[str, Any]) -> None:
        """Bring it up to date.

        Args:
            rows: those that were outdated, by place.
            head: what does not concern single images.
        """
        if len(rows) == len(now.scan.known):
            self._rows = [rows[place] for place in range(len(rows))]
        else:
            for place, row in rows.items():
                self._rows[place] = row
        same = not rows and head == self._head and bool(self.etag)
        self._basis, self._head = now, head
        if same:
            return
        self._progress = {
            "done": sum(row.done for row in self._rows),
            "of": sum(row.of for row in self._rows),
            "unit": now.unit,
            "doneByYou": sum(row.by_you for row in self._rows),
        }
        waiting = sorted(row.review for row in self._rows if row.review is not None)
        self._review = ",".join(text for _, text in waiting)
        self.etag = f'"{hashlib.blake2b(self.body(), digest_size=16).hexdigest()}"'

    def body(self) -> bytes:
        """The queue for the page: JSON in UTF-8."""
        head = as_json({**self._head, "progress": self._progress})
        images = ",".join([row.text for row in self._rows])
        text = f'{head[:-1]},"images":[{images}],"review":[{self._review}]}}'
        return text.encode("utf-8", "replace")


def as_json(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
