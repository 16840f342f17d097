"""Versioned JSON files whose content is declared as a type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from raysal.errors import DataError
from raysal.storage.atomic import write_json
from raysal.storage.seal import is_intact, sealed

VERSION = 1
REPAIR = "'raysal status RUN --repair' removes what is damaged, so that it is computed again"


class _Versioned(BaseModel):
    version: int


class Document(BaseModel):
    """Content of one JSON file; a subclass declares its name and keys.

    Unknown keys are ignored, so that files with additional information stay readable.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    file: ClassVar[str]
    """Name of the file."""
    remedy: ClassVar[str] = REPAIR
    """What to do if the file is damaged."""

    version: int = VERSION

    def write(self, folder: Path) -> None:
        """Write the file into a folder, atomically.

        Raises:
            OSError: no space, no permission.
        """
        write_json(folder / self.file, sealed(self.model_dump(mode="json")))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file in a folder.

        Raises:
            DataError: it is missing, damaged, or of another version.
        """
        path = folder / cls.file
        text = read_text(path)
        try:
            version = _Versioned.model_validate_json(text).version
            if version != VERSION:
                raise DataError(f"{path} has format version {version}, this raysal reads {VERSION}")
            document = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise DataError(f"{path} is damaged: {where}: {first['msg']}; {cls.remedy}") from error
        if not is_intact(json.loads(text)):
            raise DataError(f"{path} is damaged: its content has changed; {cls.remedy}")
        return document


def read_text(path: Path) -> str:
    """Text of a file that a run wrote.

    Raises:
        DataError: it is missing, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"no file {path}: the run is incomplete; {REPAIR}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged: not UTF-8 text; {REPAIR}") from None
