"""Score parts on disk."""

from __future__ import annotations

from pathlib import Path

from raysal.acquisition.selection.score_parts import (
    Scored,
    picks,
    read_features,
    read_parts,
    write_part,
)
from raysal.acquisition.selection.top_k import Pick
from raysal.data.pool.parts import drop_failed_parts, finished_parts, part_name

A = [Scored("a/1", 0.1 + 0.2), Scored("ä", None, "truncated"), Scored("c", -1e-300)]
B = [Scored("d", 2.0)]


def test_round_trip_in_order_of_name(tmp_path: Path) -> None:
    out = str(tmp_path)
    write_part(out, "part-00001-00000", B)
    write_part(out, "part-00000-00000", A)
    assert list(read_parts(out)) == A + B
    assert list(picks(read_parts(out))) == [
        Pick("a/1", 0.1 + 0.2),
        Pick("c", -1e-300),
        Pick("d", 2.0),
    ]
    assert finished_parts(out) == {part_name("part-00000-00000"), part_name("part-00001-00000")}


def test_a_part_written_again_replaces_the_first(tmp_path: Path) -> None:
    write_part(str(tmp_path), "x", A)
    write_part(str(tmp_path), "x", B)
    assert list(read_parts(str(tmp_path))) == B


def test_a_part_without_candidates_counts_as_done(tmp_path: Path) -> None:
    write_part(str(tmp_path), "x", [])
    assert finished_parts(str(tmp_path)) == {part_name("x")}
    assert list(read_parts(str(tmp_path))) == []


def test_parts_with_errors_can_be_dropped(tmp_path: Path) -> None:
    for name, rows in {"x": A, "y": B, "z": []}.items():
        write_part(str(tmp_path), name, rows)
    drop_failed_parts(str(tmp_path))
    assert finished_parts(str(tmp_path)) == {part_name("y"), part_name("z")}
    assert list(read_parts(str(tmp_path))) == B


def test_features_of_named_parts_in_their_order(tmp_path: Path) -> None:
    folder = str(tmp_path)
    write_part(
        folder, "a", [Scored("1", 0.0, vector=[1, 2]), Scored("2", None, "truncated")], vectors=True
    )
    write_part(folder, "b", [Scored("3", 0.0, vector=[3, 4])], vectors=True)
    write_part(folder, "c", [], vectors=True)
    ids, vectors = read_features(folder, [part_name(name) for name in ("b", "c", "a")])
    assert ids == ["3", "1"]
    assert vectors.tolist() == [[3, 4], [1, 2]]
    assert vectors.dtype == "float32"
    ids, vectors = read_features(folder, [part_name("c")])
    assert (ids, len(vectors)) == ([], 0)


def test_drafts_and_other_files_are_not_parts(tmp_path: Path) -> None:
    write_part(str(tmp_path), "x", B)
    (tmp_path / ".part-y.parquet.tmp").write_bytes(b"half")
    (tmp_path / "scoring.json").write_text("{}")
    assert list(read_parts(str(tmp_path))) == B
    assert finished_parts(str(tmp_path / "absent")) == set()
