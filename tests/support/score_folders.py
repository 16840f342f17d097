"""Fabricated score folders, and selecting from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raysal.acquisition.selection.score_parts import Scored, write_part
from raysal.curate.diversity import Diversity
from raysal.curate.score_folder import Key, Scope, Scoring, write_scoring
from raysal.curate.select import Selected, select_query
from raysal.experiment.query import read_query
from raysal.progress import Silent

SIZE = (48, 64)
PIXELS = 48 * 64
KEY: dict[str, Any] = {
    "model": "0123456789",
    "strategy": {"name": "ds"},
    "precision": "auto",
    "seed": None,
    "features": None,
}


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def folder(
    where: Path,
    rows: Sequence[Scored],
    per_part: int = 3,
    finished: bool = True,
    units: int | None = None,
    **key: Any,
) -> str:
    """A score folder that holds these rows."""
    where.mkdir()
    values = Key(**(KEY | key))
    starts = range(0, len(rows), per_part)
    for start in starts:
        write_part(
            str(where),
            f"{start:05d}",
            rows[start : start + per_part],
            vectors=values.features is not None,
        )
    scope = Scope(pool="p", fingerprint="f", limit=None, candidates=None, lottery=None)
    units = len(starts) if units is None else units
    write_scoring(
        str(where),
        Scoring(key=values, scope=scope, size=SIZE, units=units, recheck=False, finished=finished),
    )
    return str(where)


def video_rows(videos: str = "abc", frames: int = 10) -> list[Scored]:
    """Scores that rise with the frame number, so that the best images are adjacent frames."""
    return [
        Scored(f"{video}/{n:03d}", n + ord(video) / 1000, None, f"hash of {video}{n}")
        for video in videos
        for n in range(frames)
    ]


def select(
    folders: list[str],
    amount: int,
    out: Path,
    unit: str = "images",
    watch: Said | None = None,
    exclude: Sequence[Path] = (),
    allow_partial: bool = False,
    **diversity: Any,
) -> Selected:
    return select_query(
        folders,
        amount,
        unit,
        out,
        watch or Said(),
        diversity=Diversity(**diversity),
        exclude=exclude,
        allow_partial=allow_partial,
    )


def ids(selected: Selected) -> list[str]:
    assert read_query(selected.folder) == selected.asks
    return [ask.image_id for ask in selected.asks]


VIDEO, FRAME = r"^(\w)/", r"/(\d+)$"
