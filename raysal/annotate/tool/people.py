"""Who may label: names, and hashes of the tokens in their links.

A token is 192 random bits, so that a plain hash does not tell it. It is shown once, when it is
made.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from raysal.data.answer_file import as_stored
from raysal.errors import ConfigError
from raysal.storage.document import Document
from raysal.storage.seal import hash_bytes

LONGEST_NAME = 60
_KEPT = 8
_LOCK = ".people.lock"


class Person(BaseModel):
    """Somebody who may label.

    Attributes:
        reviewer: may accept, correct and send back what others have finished.
        tokens: hashes, newest last.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    reviewer: bool = False
    tokens: tuple[str, ...] = ()


class PeopleFile(Document):
    """`people.json`.

    Attributes:
        overlap: share of the images that two people label independently.
        review: whether what is finished waits for a reviewer.
    """

    file: ClassVar[str] = "people.json"
    remedy: ClassVar[str] = "remove it and invite everybody again"

    people: tuple[Person, ...] = ()
    overlap: float = Field(default=0.0, ge=0, le=1)
    review: bool = False


class People:
    """The people of a workplace; what another process changes is seen at once.

    Args:
        folder: of the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[int, PeopleFile] | None = None

    def current(self) -> PeopleFile:
        """All that is known.

        Raises:
            DataError: the file is damaged.
        """
        try:
            status = (self.folder / PeopleFile.file).stat()
        except FileNotFoundError:
            return PeopleFile()
        changed = hash((status.st_mtime_ns, status.st_ino, status.st_size))
        if self._read is None or self._read[0] != changed:
            self._read = changed, PeopleFile.read(self.folder)
        return self._read[1]

    def who(self, token: str) -> Person | None:
        """Whose token it is; None if nobody's."""
        hashed = hash_bytes(token.encode("utf-8", "surrogatepass"))
        return next((p for p in self.current().people if hashed in p.tokens), None)

    def invite(self, name: str, reviewer: bool = False, again: bool = False) -> str:
        """Add a person, or give one another link; returns the token.

        Args:
            again: the name may be there; its older links stay valid.

        Raises:
            ConfigError: the name is taken, or no name.
        """
        name = checked_name(name)
        token = secrets.token_urlsafe(24)
        with self._changing() as file:
            known = {person.name.casefold(): person for person in file.people}
            old = known.get(name.casefold())
            if old is not None and not again:
                raise ConfigError(
                    f"--invite: '{old.name}' is invited already; for a new link, first "
                    f"`--revoke '{old.name}'`"
                )
            tokens = (*(old.tokens if old else ()), hash_bytes(token.encode()))[-_KEPT:]
            person = Person(name=old.name if old else name, reviewer=reviewer, tokens=tokens)
            others = tuple(p for p in file.people if p is not old)
            self._write(file.model_copy(update={"people": (*others, person)}))
        return token

    def revoke(self, name: str) -> None:
        """Make the links of a person invalid; answers stay.

        Raises:
            ConfigError: nobody has this name.
        """
        with self._changing() as file:
            left = tuple(p for p in file.people if p.name.casefold() != name.casefold())
            if len(left) == len(file.people):
                names = ", ".join(p.name for p in file.people) or "nobody"
                raise ConfigError(f"--revoke: no '{name}' is invited; invited: {names}")
            self._write(file.model_copy(update={"people": left}))

    def set_rules(self, overlap: float | None, review: bool | None) -> None:
        """Change what is given; it is remembered."""
        rules = {"overlap": overlap, "review": review}
        with self._changing() as file:
            given = {name: value for name, value in rules.items() if value is not None}
            if given:
                self._write(file.model_copy(update=given))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[PeopleFile]:
        """The file, which no other process changes meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.current()

    def _write(self, file: PeopleFile) -> None:
        file.write(self.folder)
        (self.folder / PeopleFile.file).chmod(0o600)


def checked_name(name: str) -> str:
    """A name as answers have it.

    Raises:
        ConfigError: it is empty or too long.
    """
    name = as_stored(name)
    if not name or len(name) > LONGEST_NAME:
        raise ConfigError(f"a person's name has 1 to {LONGEST_NAME} characters, not {len(name)}")
    return name
