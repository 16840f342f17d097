"""Marks on settings: whether a value decides what is computed, and whether it is a path.

A mark is part of a field's type, so that each setting says so where it is declared:

    cache_gib: Annotated[PositiveFloat, NOT_ESSENTIAL] = 4.0
    root: LocalPath

`LocalPath` and the other path types of `raysal.config.settings` carry a mark themselves. A mark on
a union, list or dict holds for its parts. A setting without a mark is essential and not a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel


@dataclass(frozen=True)
class Mark:
    """What is special about a setting.

    Attributes:
        enters: what of it enters an experiment's essence, and with it the fingerprint: its value;
            the last part of a path, because the same file may be in another folder on another
            machine; `constant` whatever its value; its value if it is another one than `constant`;
            or nothing.
        constant: for settings that earlier versions had, or had as essential ones, the value at
            which runs of those versions keep their fingerprint, so that they can be resumed.
        path: whether it names a file or folder on this machine.
    """

    enters: Literal["value", "file name", "constant", "another value", "nothing"] = "value"
    constant: Any = None
    path: bool = False


ESSENTIAL = Mark()
NOT_ESSENTIAL = Mark(enters="nothing")
"""Decides where or how the work is done, not what is computed."""


def added_later(default: Any) -> Mark:
    """Of a setting that earlier versions did not have: with its default they did the same."""
    return Mark(enters="another value", constant=default)


@dataclass(frozen=True)
class Declared:
    """A setting, or a part of one, as it is declared: its type without `Annotated`, its mark."""

    type: Any
    mark: Mark = ESSENTIAL

    @property
    def members(self) -> tuple[Declared, ...]:
        """The members of a union; of any other type, itself."""
        if get_origin(self.type) not in (Union, UnionType):
            return (self,)
        parts = (declared(part, default=self.mark) for part in get_args(self.type))
        return tuple(member for part in parts for member in part.members)

    def inside(self, key: str) -> tuple[Declared, ...]:
        """What a key names inside it: a field, an entry of a dict, or an element by its index.

        Several if it is a union; none if it has no such part.
        """
        return tuple(part for member in self.members for part in _inside(member, key))

    def accepts(self, value: Any) -> bool:
        """Whether a value, which need not be valid, is meant to be of this type (not a union).

        A mapping without the `name` that chooses between settings classes is accepted by each.
        """
        origin = get_origin(self.type)
        if origin is Literal:
            return value in get_args(self.type)
        if self.type in (None, NoneType):
            return value is None
        if _is_settings(self.type):
            return isinstance(value, Mapping) and _is_chosen(self.type, value)
        if _is_kind(origin, Mapping):
            return isinstance(value, Mapping)
        if _is_kind(origin, list | tuple):
            return isinstance(value, list | tuple)
        return value is not None and not isinstance(value, Mapping | list | tuple)


def declared(annotation: Any, metadata: Iterable[Any] = (), default: Mark = ESSENTIAL) -> Declared:
    """Read a type and the metadata that pydantic keeps beside it.

    Args:
        default: the mark if there is none; the outermost counts if there are several.
    """
    marks = [part for part in metadata if isinstance(part, Mark)]
    while get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        marks += [part for part in inner if isinstance(part, Mark)]
    return Declared(annotation, marks[0] if marks else default)


def _inside(setting: Declared, key: str) -> tuple[Declared, ...]:
    if _is_settings(setting.type):
        field = setting.type.model_fields.get(key)
        return () if field is None else (declared(field.annotation, field.metadata),)
    origin, arguments = get_origin(setting.type), get_args(setting.type)
    if _is_kind(origin, Mapping):
        return (declared(arguments[1], default=setting.mark),)
    if _is_kind(origin, tuple) and arguments[1:] != (Ellipsis,):
        arguments = arguments[int(key) : int(key) + 1] if key.isdecimal() else ()
    elif not _is_kind(origin, list | tuple):
        return ()
    return tuple(declared(part, default=setting.mark) for part in arguments[:1])


def _is_settings(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_kind(origin: Any, kind: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, kind)


def _is_chosen(model: type[BaseModel], values: Mapping[str, Any]) -> bool:
    """Whether fields with a single possible value, such as a data set's `name`, have it."""
    for key, value in values.items():
        field = model.model_fields.get(key)
        if field is not None and get_origin(field.annotation) is Literal:
            possible = get_args(field.annotation)
            if len(possible) == 1 and value != possible[0]:
                return False
    return True
