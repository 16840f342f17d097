"""All that the server knows, and what it does for each request."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from raysal.annotate.asked import AskedImage
from raysal.annotate.tool.index import Known, Scan
from raysal.annotate.tool.kept_queue import Kept
from raysal.annotate.tool.leases import Leases
from raysal.annotate.tool.people import People, PeopleFile, Person
from raysal.annotate.tool.prepare.preparation import Preparation
from raysal.annotate.tool.recent import Recent
from raysal.annotate.tool.save import RefusedError
from raysal.annotate.tool.standing import Standing, standing
from raysal.annotate.tool.workplace import View, Workplace
from raysal.data.answers import Answer, AnswerStore
from raysal.errors import RaysalError, one_line

REFRESH_S = 1.0
THUMBNAIL_BYTES = 32 << 20


@dataclass(frozen=True)
class Options:
    """How the tool is used.

    Attributes:
        read_only: nothing is stored, by anybody.
        lease_s: how long an image is somebody's without a sign of life.
    """

    read_only: bool = False
    lease_s: float = 300.0


class Desk:
    """The state of the server; its methods may be called by several threads.

    Attributes:
        unreadable: why pictures cannot be read, by key.
        thumbnails: by key, those that were used last.
        agreements: with the truth, by key and version.
        queues: what is kept of the queue, by person.
    """

    def __init__(
        self,
        workplace: Workplace,
        people: People,
        options: Options,
        preparation: Preparation | None = None,
    ) -> None:
        self.workplace, self.people, self.options = workplace, people, options
        self.preparation = preparation
        self.leases = Leases(options.lease_s)
        self.unreadable: dict[str, str] = {}
        self.thumbnails = Recent(THUMBNAIL_BYTES)
        self.agreements: dict[tuple[str, int], float | None] = {}
        self.queues: dict[str, Kept] = {}
        self._view: View | None = None
        self._looked = 0.0
        self._looking = threading.Lock()
        self._closed: dict[str, str] = {}
        self._saving: dict[str, threading.Lock] = {}
        self._users: Counter[str] = Counter()
        self._saving_lock = threading.Lock()

    @property
    def writes(self) -> bool:
        """Whether answers are taken."""
        return self.workplace.writes and not self.options.read_only

    def view(self, now: bool = False) -> View:
        """What is there, looked at not more than a second ago; while another thread looks, what
        was there before.

        Args:
            now: look again in any case.
        """
        fresh = time.monotonic() - self._looked < REFRESH_S
        if self._view is not None and (fresh and not now):
            return self._view
        if not self._looking.acquire(blocking=self._view is None or now):
            assert self._view is not None
            return self._view
        try:
            try:
                found = self.workplace.view()
            except RaysalError as error:  # Such as a query that is being replaced.
                if self._view is None:
                    raise
                found = replace(self._view, text=one_line(error))
            if self._view is None or found.generation != self._view.generation:
                self._renew(found)
            self._view, self._looked = found, time.monotonic()
            return found
        finally:
            self._looking.release()

    def _renew(self, found: View) -> None:
        if self._view is not None:
            gone = self._view.by_key.keys() - found.by_key.keys()
            self._closed |= {key: self._view.by_key[key].image_id for key in gone}
        if self.preparation is not None:
            self.preparation.use(found.by_key, found.guides)

    def image(self, key: str) -> AskedImage:
        """An image by its key.

        Raises:
            RefusedError: there is none, or it is not asked for any more.
        """
        image = self.view().by_key.get(key)
        if image is None:
            image = self.view(now=True).by_key.get(key)
        if image is not None:
            return image
        if key in self._closed:
            raise over(self._closed[key])
        raise RefusedError(404, "no such image is asked for")

    def store(self, image: AskedImage) -> AnswerStore:
        """Where answers for an image are."""
        return self.view().asked.store(image)

    def scan(self) -> Scan | None:
        """The answers to all images as they are now; None if nothing was looked at before."""
        return None if self._view is None else self.workplace.index.all(self._view.asked)

    def known(self, image: AskedImage) -> Known:
        """The answers for an image."""
        return self.workplace.index.of(self.view().asked, image)

    def rules(self) -> PeopleFile:
        """Who may do what."""
        return self.people.current()

    def standing(self, image: AskedImage, person: Person, known: Known | None = None) -> Standing:
        """How an image stands for a person."""
        heads = (known or self.known(image)).heads
        return standing(image, heads, person, self.rules())

    def answer(self, image: AskedImage, person: Person) -> Answer | None:
        """What a person goes on with; None if nothing is drawn.

        Raises:
            DataError: the answer is damaged.
        """
        if not self.workplace.writes:
            shown = self.workplace.shown(image)
            return None if shown is None else Answer(image.image_id, shown, "", "")
        seen = self.standing(image, person)
        if seen.head is None or seen.head.size is None:
            return None
        own = self.store(image).latest_of(image.image_id, seen.head.annotator)
        if own is not None and own.version == seen.version:
            return own
        return self.store(image).current(image.image_id)

    @contextlib.contextmanager
    def saving(self, key: str) -> Iterator[None]:
        """Only one thread saves an image at a time."""
        with self._saving_lock:
            lock = self._saving.setdefault(key, threading.Lock())
            self._users[key] += 1
        try:
            with lock:
                yield
        finally:
            with self._saving_lock:
                self._users[key] -= 1
                if not self._users[key]:
                    del self._users[key], self._saving[key]


def over(image_id: str) -> RefusedError:
    """The query that asked for an image has been taken."""
    return RefusedError(
        410, f"'{image_id}' is not asked for any more: the run has gone on with other images"
    )
