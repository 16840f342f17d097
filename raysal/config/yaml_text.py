"""YAML as configurations use it: what is ambiguous or never ends is an error.

Unlike `yaml.safe_load`, a key may not be given twice, `6:30` and `2024-01-01` are texts, `010`
is no octal number, and nesting, aliases and numbers are bounded.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_DEPTH = 50
MAX_DIGITS = 64
# Values after every alias is replaced by what it stands for: nine lists of nine aliases each would
# be 400 million.
MAX_VALUES = 100_000

INT, FLOAT, TIMESTAMP, MERGE = (
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp", "merge")
)


def parse_yaml(text: str) -> Any:
    """The value that a YAML text holds.

    Raises:
        yaml.YAMLError: it is not valid, or exceeds a bound of this module.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # Constructors of explicit tags, as in `!!int x`, trust their input.
        raise yaml.YAMLError(str(error)) from error
    finally:
        loader.dispose()


def _resolvers_kept() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """What decides the type of an unquoted value, by its first character, but for the types that
    are added below or not at all."""
    return {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (INT, FLOAT, TIMESTAMP)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Loader(yaml.SafeLoader):
    """`SafeLoader` with fewer types and with bounds."""

    yaml_implicit_resolvers = _resolvers_kept()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Compose one value, at a bounded depth."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark
            raise _error(f"values are nested more than {MAX_DEPTH} deep", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self) -> Node | None:
        """The document, checked for what `construct_document` would take without a word."""
        node = super().get_single_node()
        if node is not None:
            _count(node, {})
        return node

    def construct_bounded_int(self, node: ScalarNode) -> int:
        """A whole number that can be printed."""
        if len(node.value) > MAX_DIGITS:
            what = f"a number of {len(node.value)} digits, more than {MAX_DIGITS}"
            raise _error(what, node.start_mark)
        return int(super().construct_yaml_int(node))


_Loader.add_implicit_resolver(
    INT,
    re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    FLOAT,
    re.compile(
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)
_Loader.add_constructor(INT, _Loader.construct_bounded_int)


def _count(node: Node, counted: dict[int, int]) -> int:
    """Number of values in a node, its aliases replaced.

    Args:
        counted: numbers of the nodes counted so far by identity; 0 for those that are not finished.

    Raises:
        yaml.YAMLError: there are too many, a value contains itself, or a key is given twice.
    """
    if (known := counted.get(id(node))) is not None:
        if not known:
            raise _error("a value contains itself through an alias", node.start_mark)
        return known
    counted[id(node)] = 0
    parts: list[Node] = []
    if isinstance(node, MappingNode):
        _check_keys(node)
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, SequenceNode):
        parts = node.value
    total = 1 + sum(_count(part, counted) for part in parts)
    if total > MAX_VALUES:
        raise _error(f"its aliases stand for more than {MAX_VALUES} values", node.start_mark)
    counted[id(node)] = total
    return total


def _check_keys(node: MappingNode) -> None:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, ScalarNode) or key.tag == MERGE:
            continue
        if (key.tag, key.value) in seen:
            raise _error(f"the key '{key.value}' is given twice; remove one", key.start_mark)
        seen.add((key.tag, key.value))


def _error(what: str, mark: yaml.Mark) -> yaml.YAMLError:
    return yaml.YAMLError(f"{what} (line {mark.line + 1}, column {mark.column + 1})")
