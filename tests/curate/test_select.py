"""From score folders to a query."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from raysal.acquisition.selection.score_parts import Scored
from raysal.curate.select import AT_ONCE
from raysal.errors import DataError, RunError
from raysal.experiment.cost import Cost
from raysal.experiment.query import FILE, Ask, write_query
from tests.support.score_folders import (
    FRAME,
    PIXELS,
    SIZE,
    VIDEO,
    Said,
    folder,
    ids,
    select,
    video_rows,
)


def test_the_best_whole_images(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", [*video_rows(), Scored("x/1", None, "truncated", "h")])
    selected = select([scores], 4, tmp_path / "q")
    assert ids(selected) == ["c/009", "b/009", "a/009", "c/008"]
    best = 9 + ord("c") / 1000
    assert selected.asks[0] == Ask("c/009", 0, 0, *SIZE, best, Cost(1.0, PIXELS, 1, None))
    assert selected.groups == []


@pytest.mark.parametrize(
    ("unit", "amount"),
    [("images", 3), ("regions", 3), ("pixels", 3 * PIXELS), ("pixels", 4 * PIXELS - 1)],
)
def test_units(unit: str, amount: int, tmp_path: Path) -> None:
    watch = Said()
    selected = select([folder(tmp_path / "s", video_rows())], amount, tmp_path / "q", unit, watch)
    assert len(selected.asks) == 3
    assert watch.lines == []


def test_quota_gap_and_counts(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    selected = select([scores], 8, tmp_path / "q", group=VIDEO, quota=3)
    assert ids(selected) == [f"{v}/00{n}" for n in (9, 8) for v in "cba"] + ["c/007", "b/007"]
    assert selected.groups == [("b", 3), ("c", 3), ("a", 2)]
    selected = select([scores], 6, tmp_path / "r", group=VIDEO, min_gap=4, frame=FRAME)
    assert ids(selected) == ["c/009", "b/009", "a/009", "c/005", "b/005", "a/005"]
    selected = select([scores], 3, tmp_path / "t", min_gap=4, frame=FRAME)
    assert ids(selected) == ["c/009", "c/005", "c/001"]


def test_too_few_images_under_constraints_are_reported(tmp_path: Path) -> None:
    watch = Said()
    scores = folder(tmp_path / "s", video_rows())
    selected = select([scores], 20, tmp_path / "q", watch=watch, group=VIDEO, quota=2)
    assert len(selected.asks) == 6
    assert watch.lines == [
        "the budget is 20 images, but only 6 satisfy the constraints; taking them all"
    ]
    watch = Said()
    select([scores], 99, tmp_path / "r", watch=watch)
    assert "only 30 are left" in watch.lines[0]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_groups_from_a_file(suffix: str, tmp_path: Path) -> None:
    rows = [Scored(f"{n:04d}", float(n), None, "h") for n in range(12)]
    table = pa.table(
        {
            "image_id": [row.image_id for row in rows],
            "more": [1] * 12,
            "group": [n % 3 for n in range(12)],
        }
    )
    path = tmp_path / f"groups.{suffix}"
    csv.write_csv(table, path) if suffix == "csv" else pq.write_table(table, path)
    scores = folder(tmp_path / "s", rows)
    selected = select([scores], 5, tmp_path / "q", groups=str(path), quota=1)
    assert ids(selected) == ["0011", "0010", "0009"]
    assert selected.groups == [("0", 1), ("1", 1), ("2", 1)]


def unit_vector(degrees: float) -> list[float]:
    return [float(np.cos(np.deg2rad(degrees))), float(np.sin(np.deg2rad(degrees)))]


def test_distance(tmp_path: Path) -> None:
    """1 - cos 60 degrees is a half."""
    rows = [
        Scored(f"{degrees}", 1 - degrees / 1000, None, "h", unit_vector(degrees))
        for degrees in (0, 20, 59, 61, 80, 119, 125, 180)
    ]
    scores = folder(tmp_path / "s", rows, features="aspp")
    selected = select([scores], 5, tmp_path / "q", min_distance=0.5)
    assert ids(selected) == ["0", "61", "125"]
    plain = folder(tmp_path / "plain", rows)
    with pytest.raises(RunError, match="has none; score again into another folder with features"):
        select([plain], 5, tmp_path / "r", min_distance=0.5)
    other = folder(tmp_path / "other", rows, features="c320")
    with pytest.raises(RunError, match=r"different stages or encoders \(aspp, c320\)"):
        select([scores, other], 5, tmp_path / "r", min_distance=0.5)


def test_several_folders_are_one_stream(tmp_path: Path) -> None:
    """In any order and any division into parts; an image in two folders counts once."""
    rows = video_rows(frames=40)
    expected = None
    for n, order in enumerate(itertools.permutations([rows[:50], rows[40:70], rows[60:]])):
        folders = [
            folder(tmp_path / f"s{n}{m}", list(reversed(part)), per_part=2 + 3 * m)
            for m, part in enumerate(order)
        ]
        chosen = ids(
            select(folders, 15, tmp_path / f"q{n}", group=VIDEO, quota=6, min_gap=3, frame=FRAME)
        )
        assert len(set(chosen)) == 15
        assert expected in (None, chosen)
        expected = chosen


def test_images_beyond_the_first_window_are_considered(tmp_path: Path) -> None:
    """The best images are of one video, of which only a few may be chosen."""
    rows = [Scored(f"a/{n:05d}", 1 + n / AT_ONCE, None, "h") for n in range(AT_ONCE + 10)]
    rows += [Scored(f"b/{n:05d}", n / AT_ONCE, None, "h") for n in range(10)]
    scores = folder(tmp_path / "s", rows, per_part=4000)
    chosen = ids(select([scores], 8, tmp_path / "q", group=VIDEO, quota=5))
    assert chosen[:5] == [f"a/{AT_ONCE + 9 - n:05d}" for n in range(5)]
    assert chosen[5:] == ["b/00009", "b/00008", "b/00007"]


def test_excluded(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    first = select([scores], 3, tmp_path / "q")
    listed = tmp_path / "ids.txt"
    listed.write_text("c/008\n\n  b/008\n")
    second = select([scores], 3, tmp_path / "r", exclude=[first.folder, listed])
    assert ids(second) == ["a/008", "c/007", "b/007"]
    third = select([scores], 1, tmp_path / "t", exclude=[tmp_path / "r" / FILE])
    assert ids(third) == ["c/009"]


@pytest.mark.parametrize("way", ["{}", "./{}.jpg", "{}.PNG\tmask", "# old\n{}", "\ufeff{}"])
def test_lists_of_excluded_ids_are_read_as_all_lists_are(way: str, tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    listed = tmp_path / "ids.txt"
    listed.write_text(way.format("c/009") + "\r\nb\\009\n")
    assert ids(select([scores], 2, tmp_path / "q", exclude=[listed])) == ["a/009", "c/008"]


def test_excluded_ids_that_match_nothing(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    listed = tmp_path / "ids.txt"
    listed.write_text("c/008\nc/88\nzzz\n")
    message = r"exclude: .*ids.txt: line 2: no image 'c/88' \(and 1 more .*; nearest: 'c/008'"
    with pytest.raises(DataError, match=message):
        select([scores], 3, tmp_path / "q", exclude=[listed])
    listed.write_bytes("c/008\nh\u00f6he\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"line 2: no image 'h\u00f6he' \(read as Windows"):
        select([scores], 3, tmp_path / "q", exclude=[listed])
    # A query may come from a larger pool.
    other = select([folder(tmp_path / "o", [Scored("elsewhere", 1.0)])], 1, tmp_path / "p")
    assert len(ids(select([scores], 3, tmp_path / "q", exclude=[other.folder]))) == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_groups_in_files_with_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    file = tmp_path / "groups.csv"
    lines = ["image_id,group", *(f"{row.image_id},{row.image_id[0]}" for row in video_rows())]
    file.write_bytes("\n".join(lines).encode(encoding))
    selected = select([scores], 3, tmp_path / "q", groups=str(file), quota=1)
    assert sorted(selected.groups) == [("a", 1), ("b", 1), ("c", 1)]
    file.write_bytes("image_id,group\nh\u00f6he,1\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"groups.csv: line 2 is not UTF-8"):
        select([scores], 3, tmp_path / "r", groups=str(file), quota=1)
    file.write_text("\n".join(lines).replace("c/009", "c/0090"))
    with pytest.raises(DataError, match=r"no group for image 'c/009'; nearest: 'c/0090'"):
        select([scores], 3, tmp_path / "r", groups=str(file), quota=1)


def test_one_id_for_two_images(tmp_path: Path) -> None:
    """A chosen id must identify one image."""
    a = folder(tmp_path / "a", [Scored("1", 0.5, None, "h"), Scored("2", 0.1, None, "h")])
    b = folder(tmp_path / "b", [Scored("1", 0.4, None, "other"), Scored("2", 0.1, None, "h")])
    with pytest.raises(DataError, match=r"'1' is one image in .*/a and another in .*/b"):
        select([a, b], 1, tmp_path / "q")
    assert not (tmp_path / "q").exists()


def test_incomplete_scores(tmp_path: Path) -> None:
    rows = video_rows()
    scores = folder(tmp_path / "s", rows, finished=False, units=12)
    with pytest.raises(RunError, match=r"incomplete: 2 of 12 units are missing.*allow_partial"):
        select([scores], 3, tmp_path / "q")
    assert len(ids(select([scores], 3, tmp_path / "q", allow_partial=True))) == 3
    lost = folder(tmp_path / "lost", rows, units=11)
    with pytest.raises(RunError, match="incomplete: 1 of 11"):
        select([lost], 3, tmp_path / "r")
    growing = folder(tmp_path / "growing", rows, finished=False)
    with pytest.raises(RunError, match="incomplete: some of 10 units"):
        select([growing], 3, tmp_path / "r")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"model": "another"}, "models"),
        ({"strategy": {"name": "entropy"}}, "strategies"),
        ({"strategy": {"name": "ds", "uncertainty": "margin"}}, "strategies"),
        ({"precision": "fp32"}, "settings"),
    ],
)
def test_scores_that_cannot_be_compared(changes: dict[str, Any], what: str, tmp_path: Path) -> None:
    a = folder(tmp_path / "a", video_rows())
    b = folder(tmp_path / "b", video_rows(), **changes)
    with pytest.raises(RunError, match=rf"/a and .*/b hold scores of different {what}"):
        select([a, b], 3, tmp_path / "q")


def test_a_query_is_not_overwritten_by_another(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    first = ids(select([scores], 3, tmp_path / "q"))
    assert ids(select([scores], 3, tmp_path / "q")) == first
    with pytest.raises(RunError, match=r"another query \(different: budget\)"):
        select([scores], 4, tmp_path / "q")
    write_query(tmp_path, [])
    with pytest.raises(RunError, match="another query"):
        select([scores], 3, tmp_path)


def test_images_missing_from_the_groups_file(tmp_path: Path) -> None:
    scores = folder(tmp_path / "s", video_rows())
    path = tmp_path / "g.csv"
    path.write_text("image_id,group\na/000,a\n")
    with pytest.raises(DataError, match=r"g.csv has no group for image 'a/001'"):
        select([scores], 3, tmp_path / "q", groups=str(path), quota=1)
    path.write_text("image_id,video\na/000,a\n")
    with pytest.raises(DataError, match="has no column 'group'"):
        select([scores], 3, tmp_path / "q", groups=str(path), quota=1)


def test_nothing_is_left(tmp_path: Path) -> None:
    listed = tmp_path / "all.txt"
    listed.write_text("\n".join(row.image_id for row in video_rows()))
    with pytest.raises(DataError, match="nothing is left to query"):
        select([folder(tmp_path / "s", video_rows())], 3, tmp_path / "q", exclude=[listed])


@pytest.mark.parametrize("kind", ["absent", "empty", "file"])
def test_no_scores(kind: str, tmp_path: Path) -> None:
    where = tmp_path / "scores"
    if kind == "file":
        where.write_text("")
    elif kind == "empty":
        where.mkdir()
    with pytest.raises(RunError, match=r"no scores at .*scores'.*raysal score"):
        select([str(where)], 3, tmp_path / "q")


def test_a_folder_without_parts(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is empty"):
        select([folder(tmp_path / "s", [])], 3, tmp_path / "q")
