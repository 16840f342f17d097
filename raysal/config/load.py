"""Validated settings from YAML files and overrides such as `train.epochs=3`.

Every mistake is reported as a `ConfigError` of one line that names the key and says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from raysal.config.yaml_text import MAX_DEPTH, parse_yaml
from raysal.errors import ConfigError, did_you_mean

# Sections whose `name` selects a class, which has settings of its own.
CHOICES = ("data", "acquisition")

# Of a configuration file; a device such as /dev/zero never ends.
MAX_BYTES = 1 << 20
# Characters of a value that a message repeats.
SHOWN = 80

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ConfigError: the file is missing, is not valid YAML, or contains something else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"no configuration file '{path}'") from None
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read '{path}': it is not UTF-8 text; save it as UTF-8") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read '{path}': {_one_line(error)}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"'{path}' has more than {MAX_BYTES} bytes; it is no configuration")
    try:
        value = parse_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {_one_line(error)}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path} must contain a mapping of settings")
    return value


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`base` updated with `top`, recursively.

    Where `top` selects another data set or strategy, the settings of the old one are dropped.
    """
    merged = dict(base)
    for key, value in top.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            switched = key in CHOICES and old.get("name") != value.get("name", old.get("name"))
            merged[key] = dict(value) if switched else merge(old, value)
        else:
            merged[key] = value
    return merged


def parse_override(text: str) -> dict[str, Any]:
    """`a.b=value` to {a: {b: value}}; the value is YAML.

    Raises:
        ConfigError: there is no `=`, a key is empty, or the value is not valid YAML.
    """
    key, separator, raw = text.partition("=")
    names = key.strip().split(".")
    if not separator or not all(names) or len(names) > MAX_DEPTH:
        raise ConfigError(f"override '{_cut(text)}': write it as key.subkey=value")
    try:
        value = parse_yaml(raw)
    except yaml.YAMLError as error:
        reason = _one_line(error)
        raise ConfigError(f"override '{_cut(text)}': the value is not YAML: {reason}") from error
    for name in reversed(names):
        value = {name: value}
    return dict(value)


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """`values` updated with overrides such as `a.b=value`, in order."""
    merged = dict(values)
    for text in overrides:
        merged = merge(merged, parse_override(text))
    return merged


def validate(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Create a settings object.

    Args:
        where: the file that the values come from, for messages.

    Raises:
        ConfigError: a setting is unknown, missing or invalid; one line about the first of them.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # For a setting that may have several types, pydantic reports an error for each type.
        mistakes: dict[tuple[str, ...], list[ErrorDetails]] = {}
        for detail in error.errors(include_url=False):
            mistakes.setdefault(tuple(_owner(model, _location(detail))[1]), []).append(detail)
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise ConfigError(
            f"{where}: {_explain(model, *next(iter(mistakes.values())))}{more}"
        ) from None


def _location(error: ErrorDetails) -> list[str]:
    return [str(part) for part in error["loc"]]


def _explain(model: type[BaseModel], error: ErrorDetails, *others: ErrorDetails) -> str:
    location = _location(error)
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "extra_forbidden":
        owner, path = _owner(model, location[:-1])
        known = owner.model_fields if owner else ()
        key = ".".join([*path, location[-1]])
        return f"unknown key '{key}'{did_you_mean(location[-1], known)}"
    _, path = _owner(model, location)
    if others:
        reasons = [e["msg"].removeprefix("Input should be ") for e in (error, *others)]
        wanted = " or ".join(dict.fromkeys(reasons))
        return f"{'.'.join(path)}: Input should be {wanted} (got {_cut(repr(error['input']))})"
    if kind == "union_tag_invalid":
        tags = str(context["expected_tags"]).replace("'", "").split(", ")
        given = _cut(str(context["tag"]))
        return f"{'.'.join(path)}.name: unknown '{given}'{did_you_mean(given, tags)}"
    if kind == "union_tag_not_found":
        return f"{'.'.join(path)}.name is missing"
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        given = _cut(str(error["input"]))
        return f"{'.'.join(path)}: unknown '{given}'{did_you_mean(given, allowed)}"
    if kind == "missing":
        return f"{'.'.join(path)} is missing"
    message = error["msg"].removeprefix("Value error, ")
    key = ".".join(path)
    # Validators of several settings raise complete sentences that begin with a key.
    return (
        message
        if message.startswith(key)
        else f"{key}: {message} (got {_cut(repr(error['input']))})"
    )


def _owner(
    model: type[BaseModel], location: Sequence[str]
) -> tuple[type[BaseModel] | None, list[str]]:
    """The settings class at a location, and the location without what pydantic adds for unions."""
    owner: type[BaseModel] | None = model
    path: list[str] = []
    choices: list[type[BaseModel]] = []
    of_several_types = False
    for part in location:
        if of_several_types:  # Pydantic's name of one of the types.
            of_several_types = False
            continue
        tagged = [c for c in choices if part in get_args(c.model_fields["name"].annotation)]
        if tagged:
            owner, choices = tagged[0], []
            continue
        path.append(part)
        field = owner.model_fields.get(part) if owner else None
        classes = _models(field.annotation) if field else []
        with_name = [c for c in classes if "name" in c.model_fields]
        choices = with_name if len(classes) > 1 else []
        of_several_types = field is not None and not classes and _is_union(field.annotation)
        owner = classes[0] if len(classes) == 1 else None
    return owner, path


def _is_union(annotation: Any) -> bool:
    """Whether a type is a union of several types, not counting None."""
    types = [part for part in get_args(annotation) if part is not NoneType]
    return get_origin(annotation) in (Union, UnionType) and len(types) > 1


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
