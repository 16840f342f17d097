"""Versioned JSON files whose content is declared as a type."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from raysal.errors import DataError
from raysal.storage.atomic import write_json

VERSION = 1


class _Versioned(BaseModel):
    version: int


class Document(BaseModel):
    """Content of one JSON file; a subclass declares its name and keys.

    Unknown keys are ignored, so that files with additional information stay readable.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    file: ClassVar[str]
    """Name of the file."""
    remedy: ClassVar[str] = "remove its round and run again"
    """What to do if the file is damaged."""

    version: int = VERSION

    def write(self, folder: Path) -> None:
        """Write the file into a folder, atomically.

        Raises:
            OSError: no space, no permission.
        """
        write_json(folder / self.file, self.model_dump(mode="json"))

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
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise DataError(f"{path} is damaged: {where}: {first['msg']}; {cls.remedy}") from error


def read_text(path: Path) -> str:
    """Text of a file that a run wrote.

    Raises:
        DataError: it is missing, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"no file {path}: the run is incomplete, run it again") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged: not UTF-8 text; run again") from None
