"""Invalid options of selecting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysal.errors import ConfigError, DataError
from tests.support.score_folders import FRAME, VIDEO, folder, select, video_rows

ERRORS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"group": "(", "quota": 1}, ConfigError, r"group '\(' is not a regular expression"),
    ({"group": r"\w", "quota": 1}, ConfigError, "has no group: put the part"),
    ({"group": r"^x(.)", "quota": 1}, DataError, "does not match image"),
    ({"frame": r"^(\w)/", "min_gap": 1}, DataError, "captures 'a' in image 'a/000'"),
    ({"quota": 1}, ConfigError, "quota needs groups"),
    ({"min_gap": 3}, ConfigError, "min_gap and frame need each other"),
    ({"frame": FRAME}, ConfigError, "min_gap and frame need each other"),
    ({"group": VIDEO, "quota": 0}, ConfigError, "quota 0: must be at least 1"),
    ({"frame": FRAME, "min_gap": 0}, ConfigError, "min_gap 0"),
    ({"min_distance": 0.0}, ConfigError, "must be above 0 and at most 2"),
    ({"min_distance": 2.5}, ConfigError, "must be above 0 and at most 2"),
    ({"group": VIDEO, "groups": "x.csv"}, ConfigError, "give one of them"),
    ({"groups": "absent.csv"}, DataError, "no file 'absent.csv'"),
    ({"budget": 2**63}, ConfigError, "a budget of 9223372036854775808 images is too large"),
    ({"budget": 10**40, "unit": "pixels"}, ConfigError, "is too large"),
    ({"unit": "pixels"}, ConfigError, "less than one image of 48x64 = 3072 pixels"),
    ({"exclude": [Path("absent.txt")]}, DataError, "no query and no list of ids at 'absent.txt'"),
]


@pytest.mark.parametrize(("options", "kind", "words"), ERRORS, ids=lambda v: str(v)[:40])
def test_options(
    options: dict[str, Any], kind: type[Exception], words: str, tmp_path: Path
) -> None:
    scores = folder(tmp_path / "s", video_rows())
    with pytest.raises(kind, match=words) as caught:
        select([scores], options.pop("budget", 3), tmp_path / "q", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "q").exists()
