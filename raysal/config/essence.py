"""Which settings decide what is computed, and which name files: read from the marks on fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from raysal.config.marks import ESSENTIAL, Declared

NOTHING = object()
"""Stands for a value that does not enter the essence."""


def essence(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide what is computed, by dotted key.

    Args:
        values: plain settings of `model`, as dumped or as written in a file. They need not be
            valid; keys that `model` does not know are kept.
    """
    reduced = _reduce((Declared(model),), values)
    assert isinstance(reduced, dict)
    return dict(_flatten(reduced, ""))


def is_essential(model: type[BaseModel], path: str) -> bool:
    """Whether a setting of `model`, given by its dotted key, can change what is computed."""
    here: tuple[Declared, ...] = (Declared(model),)
    for key in path.split("."):
        here = _inside(here, key)
        if any(setting.mark.enters in ("nothing", "constant") for setting in here):
            return False
    return True


def local_paths(settings: BaseModel) -> dict[str, str]:
    """The existing files and folders on this machine that settings name, by dotted key."""
    found = _paths((Declared(type(settings)),), settings.model_dump(mode="json"), "")
    return {key: path for key, path in found if Path(path).exists()}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """`was a: 1; now a: 2` for the entries in which two flat sets of settings differ.

    A section that only one of them has is `on` there and `off` in the other.
    """
    pair = _switched(before, after), _switched(after, before)
    old, new = ([f"{key}: {value}" for key, value in sorted(v.items())] for v in pair)
    lines = difflib.unified_diff(old, new, lineterm="", n=0)
    words = {"-": "was", "+": "now"}
    changed = [line for line in lines if line[0] in words and line[:3] not in ("+++", "---")]
    return "; ".join(f"{words[line[0]]} {line[1:]}" for line in changed)


def _switched(settings: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which sections that are null here, or in `other`, are only `off` or `on`."""

    def null_in(one: Mapping[str, Any], sections: Mapping[str, Any]) -> set[str]:
        inside = {key.partition(".")[0] for key in sections if "." in key}
        return {key for key in inside if key in one and one[key] is None}

    off, on = null_in(settings, other), null_in(other, settings)
    kept = {k: v for k, v in settings.items() if k not in off and k.partition(".")[0] not in on}
    return kept | dict.fromkeys(off, "off") | dict.fromkeys(on, "on")


def _reduce(setting: tuple[Declared, ...], value: Any) -> Any:
    """A value without what is not essential; `NOTHING` if nothing is left of it.

    Args:
        setting: how it may be declared; several where a union cannot be resolved.
    """
    members = _members(setting, value)
    mark = (members or setting)[0].mark if setting else ESSENTIAL
    if mark.enters == "nothing":
        return NOTHING
    if mark.enters == "constant":
        return mark.constant
    if mark.enters == "another value" and value == mark.constant:
        return NOTHING
    if isinstance(value, Mapping):
        parts = {key: _reduce(_inside(members, str(key)), part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not NOTHING}
    if isinstance(value, list | tuple):
        elements = [_reduce(_inside(members, str(i)), part) for i, part in enumerate(value)]
        return [element for element in elements if element is not NOTHING]
    if mark.enters == "file name" and isinstance(value, str):
        return Path(value).name
    return value


def _flatten(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _paths(setting: tuple[Declared, ...], value: Any, key: str) -> Iterator[tuple[str, str]]:
    members = _members(setting, value)
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    elif isinstance(value, str) and members and members[0].mark.path:
        yield key, value
    for name, part in parts:
        dotted = f"{key}.{name}" if key else str(name)
        yield from _paths(_inside(members, str(name)), part, dotted)


def _inside(setting: tuple[Declared, ...], key: str) -> tuple[Declared, ...]:
    return tuple(part for one in setting for part in one.inside(key))


def _members(setting: tuple[Declared, ...], value: Any) -> tuple[Declared, ...]:
    """The members of unions that a value may belong to."""
    members = (member for one in setting for member in one.members)
    return tuple(member for member in members if member.accepts(value))
