"""Versioned JSON files: the round trip, and errors that name the unreadable file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from raysal.errors import DataError
from raysal.storage.document import Document
from raysal.storage.seal import sealed


class Ages(Document):
    """A small document."""

    file: ClassVar[str] = "ages.json"
    remedy: ClassVar[str] = "ask again"

    ages: dict[str, int]
    note: str | None = None


def on_disk(folder: Path, **values: Any) -> None:
    (folder / "ages.json").write_text(json.dumps(values))


def test_read_as_written(tmp_path: Path) -> None:
    ages = Ages(ages={"b": 2, "a": 1})
    ages.write(tmp_path)
    written = json.loads((tmp_path / "ages.json").read_text())
    assert written == sealed({"version": 1, "ages": {"b": 2, "a": 1}, "note": None})
    assert written["check"] != sealed({**written, "ages": {"b": 2, "a": 2}})["check"]
    assert Ages.read(tmp_path) == ages


def test_changed_content_is_noticed(tmp_path: Path) -> None:
    """Without the hash, as in files of earlier versions, it is read."""
    Ages(ages={"a": 1}).write(tmp_path)
    values = json.loads((tmp_path / "ages.json").read_text())
    on_disk(tmp_path, **{**values, "ages": {"a": 2}})
    with pytest.raises(DataError, match=r"ages.json is damaged: its content has changed; ask"):
        Ages.read(tmp_path)
    del values["check"]
    on_disk(tmp_path, **{**values, "ages": {"a": 2}})
    assert Ages.read(tmp_path).ages == {"a": 2}


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    on_disk(tmp_path, version=1, ages={}, colour="red")
    assert Ages.read(tmp_path) == Ages(ages={})


@pytest.mark.parametrize(("values", "message"), [
    ({"version": 2, "ages": "other"}, r"ages\.json has format version 2, this raysal reads 1"),
    ({"ages": {}}, r"ages\.json is damaged: version: Field required; ask again"),
    ({"version": 1}, r"ages\.json is damaged: ages: Field required; ask again"),
    ({"version": 1, "ages": {"a": "x"}}, r"is damaged: ages\.a: Input should be .*; ask again"),
])  # fmt: skip
def test_unexpected_content_is_named(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    on_disk(tmp_path, **values)
    with pytest.raises(DataError, match=message):
        Ages.read(tmp_path)


@pytest.mark.parametrize(("data", "message"), [
    (b"{", r"ages\.json is damaged: the file: "),
    (b"\xff\xfe", r"ages\.json is damaged: not UTF-8 text"),
    (None, r"no file .*ages\.json: the run is incomplete"),
])  # fmt: skip
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / "ages.json").write_bytes(data)
    with pytest.raises(DataError, match=message):
        Ages.read(tmp_path)
