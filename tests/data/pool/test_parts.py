"""Parts of any kind: whole or absent, and known by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from raysal.data.pool.parts import (
    drop_failed_parts,
    finished_parts,
    part_name,
    read_rows,
    write_rows,
)
from tests.support.faults import disk_full_for

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False),
        pa.field("size", pa.int32()),
        pa.field("error", pa.string()),
    ]
)
ROWS: dict[str, list[dict[str, Any]]] = {
    "00001-00000": [{"image_id": "d", "size": 1, "error": None}],
    "00000-00001": [],
    "00000-00000": [
        {"image_id": "ä/1", "size": None, "error": "truncated"},
        {"image_id": "b", "size": -3, "error": None},
    ],
}


def write(folder: Path) -> str:
    for unit, rows in ROWS.items():
        write_rows(str(folder), unit, rows, SCHEMA)
    return str(folder)


def test_rows_come_back_in_order_of_units(tmp_path: Path) -> None:
    out = write(tmp_path)
    assert list(read_rows(out)) == [row for unit in sorted(ROWS) for row in ROWS[unit]]
    assert finished_parts(out) == {part_name(unit) for unit in ROWS}
    assert {path.name for path in tmp_path.iterdir()} == finished_parts(out)


def test_what_a_row_leaves_out_is_empty(tmp_path: Path) -> None:
    write_rows(str(tmp_path), "x", [{"image_id": "a"}], SCHEMA)
    assert list(read_rows(str(tmp_path))) == [{"image_id": "a", "size": None, "error": None}]


def test_a_row_of_another_kind_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowInvalid):
        write_rows(str(tmp_path), "x", [{"image_id": "a", "size": "large"}], SCHEMA)
    assert list(tmp_path.iterdir()) == []


def test_failed_parts_are_dropped_whole(tmp_path: Path) -> None:
    out = write(tmp_path)
    drop_failed_parts(out)
    assert finished_parts(out) == {part_name("00000-00001"), part_name("00001-00000")}
    drop_failed_parts(out)
    assert [row["image_id"] for row in read_rows(out)] == ["d"]


def test_an_interrupted_write_leaves_the_old_part(tmp_path: Path) -> None:
    out = write(tmp_path)
    before = list(read_rows(out))
    with disk_full_for("part-*.parquet"), pytest.raises(OSError, match="No space"):
        write_rows(out, "00001-00000", [], SCHEMA)
    assert list(read_rows(out)) == before


def test_a_part_is_read_when_its_turn_comes(tmp_path: Path) -> None:
    """So that one is in memory at a time."""
    out = write(tmp_path)
    rows = read_rows(out)
    first = next(rows)
    *_, last = sorted(finished_parts(out))
    (tmp_path / last).unlink()
    with pytest.raises(FileNotFoundError, match=last):
        list(rows)
    assert first in list(read_rows(out))


def test_nothing_there(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    assert finished_parts(absent) == set()
    assert list(read_rows(absent)) == []
    drop_failed_parts(absent)
