"""The base class of all settings, and the types of settings that are paths."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from raysal.config.marks import Mark

# Ray unpacks the working folder of a job below a folder of this name, on every machine, and
# deletes it when the job ends.
UNPACKED = "runtime_resources"
# Of a whole number in a setting, in either direction.
LARGEST = 2**63 - 1
# Limit of the usual file systems for one name.
MAX_NAME_BYTES = 255


class Frozen(BaseModel):
    """An immutable, validated set of settings; unknown keys are errors.

    Each component of raysal declares its settings next to its code, and the configuration of an
    experiment is composed of them. A setting that does not decide what is computed is marked
    `NOT_ESSENTIAL` (see `raysal.config.marks`), and one that is a path has one of the types below.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        """Refuse what pydantic would take for a number, or a number that no file can hold."""
        if isinstance(values, Mapping):
            wrong = [
                InitErrorDetails(type=problem, loc=(name,), input=values[name])
                for name, field in cls.model_fields.items()
                if name in values and (problem := _no_number(values[name], field.annotation))
            ]
            if wrong:
                raise ValidationError.from_exception_data(cls.__name__, wrong)
        return values

    def dump(self) -> dict[str, Any]:
        """Plain types only, as YAML, JSON and checkpoints need them."""
        return self.model_dump(mode="json")


def kept(path: str | Path) -> Path:
    """The place where results written to `path` are kept.

    A relative path is below the current folder. In a Ray job, the current folder is a copy that Ray
    will delete, so there it is below the home folder.
    """
    return Path.home() / path if UNPACKED in Path.cwd().parts else Path(path)


def _no_number(value: Any, annotation: Any) -> PydanticCustomError | None:
    types = _types(annotation)
    no_truth = bool(types & {int, float}) and not types & {bool, Any}
    for part in _parts(value):
        if isinstance(part, bool):
            if no_truth:
                return PydanticCustomError("number", "Input should be a number, not true or false")
        elif isinstance(part, int) and abs(part) > LARGEST:
            return PydanticCustomError("number", "Input should be a number of 64 bits")
    return None


def _types(annotation: Any) -> set[Any]:
    """The types that an annotation is composed of."""
    parts = get_args(annotation)
    return set().union(*map(_types, parts)) if parts else {annotation}


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _absolute(path: str) -> str:
    return str(Path(_no_uri(path)).absolute())


def _kept(path: str) -> str:
    return str(kept(_no_uri(path)).absolute())


def _no_uri(path: str) -> str:
    if "://" in path:
        raise ValueError("must be a folder or file that all machines see; only pools may be URIs")
    if "\0" in path:
        raise ValueError("a path cannot contain a NUL character")
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in Path(path).parts):
        raise ValueError(f"a name in a path has at most {MAX_NAME_BYTES} bytes")
    return path


# Paths are made absolute when they are read: workers do not share the driver's working folder.
LocalPath = Annotated[str, AfterValidator(_absolute), Mark(enters="nothing", path=True)]
"""A folder or file to read. Where it is does not decide what is computed, so it may be moved
between two runs of an experiment."""
NamedFile = Annotated[str, AfterValidator(_absolute), Mark(enters="file name", path=True)]
"""A file to read that is one of several possible ones, such as initial weights. It may be moved
too, but a file with another name is another setting."""
KeptPath = Annotated[str, AfterValidator(_kept), Mark(enters="nothing", path=True)]
"""A folder to write results to; see `kept`."""
