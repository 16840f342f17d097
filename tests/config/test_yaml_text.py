"""YAML: what is ambiguous or never ends is refused, all else is read as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from raysal.config.load import MAX_BYTES, read_yaml
from raysal.config.yaml_text import parse_yaml
from raysal.errors import ConfigError
from tests.support.paths import ROOT


def _bomb(depth: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, depth):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "the key 'a' is given twice; remove one (line 3, column 1)"),
        ("a: {b: 1, b: 1}", "the key 'b' is given twice"),
        ("a:\n- {b: 1}\n- {c: 1, d: 2, 'c': 3}", "the key 'c' is given twice"),
        ("? {a: 1, a: 2}\n: 3", "the key 'a' is given twice"),
        ("[" * 3000, "nested more than 50 deep"),
        ("{a: " * 3000, "nested more than 50 deep"),
        ("- " * 3000 + "x", "nested more than 50 deep"),
        ("a: " + "9" * 6000, "a number of 6000 digits, more than 64"),
        ("a: -" + "9" * 70, "a number of 71 digits"),
        ("a: 0x" + "f" * 6000, "a number of 6002 digits"),
        ("? " + "9" * 6000 + "\n: a", "a number of 6000 digits"),
        (_bomb(9), "its aliases stand for more than 100000 values"),
        ("a: &a [1, *a]", "a value contains itself"),
        ("a: &a {b: {c: *a}}", "a value contains itself"),
        ("!!int x", "invalid literal"),
        ("!!int ''", "index out of range"),
        ("!!timestamp x", "NoneType"),
        ("{[1, 2]: 3}", "found unhashable key"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("a: \x00", "unacceptable character"),
    ],
    ids=lambda text: text[:20],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        parse_yaml(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6:30", "6:30"),
        ("1:30.5", "1:30.5"),
        ("-190:20:30", "-190:20:30"),
        ("010", "010"),
        ("2024-01-01", "2024-01-01"),
        ("1e-4", "1e-4"),
        ("1_000", 1000),
        ("-12", -12),
        ("+3", 3),
        ("0", 0),
        ("0x1F", 31),
        ("0b101", 5),
        ("9" * 64, int("9" * 64)),
        ("1.5", 1.5),
        ("-1.5e+3", -1500.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("null", None),
        ("", None),
        ("b: &b {<<: {c: 1}, d: 2}\ne: {<<: *b, d: 3}", None),
        ("\n".join(f"k{n}: {n}" for n in range(1000)), None),
        (_bomb(3), None),
    ],
    ids=lambda part: str(part)[:20],
)
def test_read(text: str, value: Any) -> None:
    read = parse_yaml(text)
    if text.startswith(("b:", "k0", "a0")):
        value = yaml.safe_load(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda p: p.name)
def test_shipped_configurations_are_read_as_by_yaml(path: Path) -> None:
    assert read_yaml(path) == yaml.safe_load(path.read_text())


def test_files_that_never_end(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"more than 1048576 bytes; it is no configuration"):
        read_yaml(Path("/dev/zero"))
    (tmp_path / "c.yaml").write_text("a: 1\n" + "#" * MAX_BYTES)
    with pytest.raises(ConfigError, match="more than 1048576 bytes"):
        read_yaml(tmp_path / "c.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_names_in_any_script(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("classes: [天空, straße]", encoding=encoding)
    assert read_yaml(tmp_path / "c.yaml") == {"classes": ["天空", "straße"]}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_named(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("classes: [straße]", encoding=encoding)
    with pytest.raises(ConfigError, match=r"c.yaml': it is not UTF-8 text; save it as UTF-8$"):
        read_yaml(tmp_path / "c.yaml")
