"""`raysal score` and `raysal select` with unsuitable folders and invalid options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raysal.curate.score_folder import FILE as RECORD
from raysal.experiment.query import FILE, read_query
from tests.support.commands import Raysal, Setting

LOCAL = ("--set", "engine.name=local")


@pytest.fixture
def score(finished: Setting, tmp_path: Path) -> tuple[object, ...]:
    """Arguments of `raysal score` with the model of round 0."""
    rounds = finished.root / "rounds"
    return (
        "score",
        rounds / "000" / "model",
        finished.root / "pool",
        *LOCAL,
        "--out",
        tmp_path / "scores",
    )


def test_scoring_twice_and_selecting(
    raysal: Raysal, score: tuple[object, ...], tmp_path: Path
) -> None:
    raysal(*score, "--limit", 5).done("5 images scored in", "images/s", "scores of 5 images")
    raysal(*score).done("3 images scored in", "scores of 8 images")
    raysal(*score).done("all images have scores already; nothing to do", "scores of 8 images")
    select = ("select", tmp_path / "scores", "--budget", 3, "--out", tmp_path / "query")
    out = raysal(*select, "--group", "^(town.)/", "--quota", 2).done("3 images chosen", "town0")
    assert out.endswith(f"query: {tmp_path / 'query' / FILE}\n")
    assert len(read_query(tmp_path / "query")) == 3


def test_selecting_from_the_scores_of_a_round_gives_its_query(
    raysal: Raysal, finished: Setting, tmp_path: Path
) -> None:
    place = finished.root / "rounds" / "000"
    raysal("select", place / "scores", "--budget", 2, "--out", tmp_path / "query").done()
    ours, theirs = read_query(tmp_path / "query"), read_query(place / "query")
    assert [(a.image_id, a.score) for a in ours] == [(a.image_id, a.score) for a in theirs]


def test_a_score_folder_of_another_model(
    raysal: Raysal, score: tuple[object, ...], finished: Setting, tmp_path: Path
) -> None:
    raysal(*score).done()
    other = finished.root / "rounds" / "001" / "model"
    raysal("score", other, *score[2:]).refused(
        str(tmp_path / "scores"), "is a score folder of another model", "write to another folder"
    )
    raysal("score", other, *score[2:-1], tmp_path / "scores2").done()
    raysal("select", tmp_path / "scores", tmp_path / "scores2", "--budget", 2).refused(
        "hold scores of different models"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--candidates", 0), ["--candidates 0", "share above 0"]),
        (("--candidates", 1.5), ["--candidates 1.5", "at most 1"]),
        (("--features", "asp"), ["no stage 'asp'", "did you mean 'aspp'?"]),
        (("--features", "tu-resnet81"), ["features.encoder: timm has no 'resnet81'; did you mean"]),
        (
            ("--features", "tu-resnet18", "--set", "features.weights=absent"),
            ["features.weights: no file", "absent"],
        ),
        (("--set", "features.pool=mean"), ["--set features is about", "give --features tu-NAME"]),
        (("--acquisition", "coreset"), ["acquisition.name=coreset", "together", "features such"]),
        (("--out", "s3://key:secret@"), ["cannot open 's3://'", "names no bucket"]),
    ],
    ids=str,
)
def test_options_of_scoring(
    options: tuple[object, ...], words: list[str], raysal: Raysal, score: tuple[object, ...]
) -> None:
    line = raysal(*score, *options).refused(*words)
    assert "secret" not in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--budget", 0), ["--budget 0: must be at least 1"]),
        (("--budget", -3), ["--budget -3: must be at least 1"]),
        (("--budget", 2, "--group", "("), ["group '('", "not a regular expression"]),
        (("--budget", 2, "--group", "town"), ["group 'town' has no group"]),
        (("--budget", 2, "--group", "^(city)", "--quota", 1), ["does not match image 'town"]),
        (("--budget", 2, "--min-distance", 0.1), ["has none", "features, such as aspp"]),
        (("--budget", 2, "--out", "s3://bucket/x"), ["'s3://bucket/x'", "to a local folder"]),
        (("--budget", 99, "--unit", "pixels"), ["less than one image of 32x48 = 1536 pixels"]),
        (("--budget", 2, "--exclude", "nothing.txt"), ["no query and no list", "nothing.txt"]),
    ],
    ids=str,
)
def test_options_of_selecting(
    options: tuple[object, ...],
    words: list[str],
    raysal: Raysal,
    finished: Setting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    raysal("select", finished.root / "rounds" / "000" / "scores", *options).refused(*words)
    assert not (tmp_path / "query").exists()


def test_missing_and_incomplete_scores(
    raysal: Raysal, score: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scores, select = tmp_path / "scores", ("select", tmp_path / "scores", "--budget", 2)
    raysal(*select).refused("no scores at", str(scores), "raysal score")
    scores.mkdir()
    raysal(*select).refused("no scores at", str(scores))
    raysal(*score).done()
    record = json.loads((scores / RECORD).read_text())
    del record["check"]
    (scores / RECORD).write_text(json.dumps(record | {"finished": False, "units": 3}))
    raysal(*select).refused("incomplete: 2 of 3 units are missing", "allow_partial")
    raysal(*select, "--allow-partial").done("2 images chosen")
    (scores / RECORD).write_text(json.dumps(record | {"version": 1}))
    raysal(*select).refused(RECORD, "of another raysal")
    raysal(*score).refused(RECORD, "of another raysal")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--min-distance", "nan"), ("min_distance", "finite number", "got nan")),
        (("--min-distance", "inf"), ("min_distance", "finite number", "got inf")),
        (("--budget", 2**63), ("a budget of 9223372036854775808 images is too large",)),
        (("--quota", 2**63, "--group", "(.)"), ("quota", "64 bits")),
        (("--min-gap", 10**30, "--frame", r"(\d)"), ("min_gap", "64 bits")),
    ],
)
def test_numbers_that_cannot_be(
    raysal: Raysal,
    finished: Setting,
    tmp_path: Path,
    options: tuple[object, ...],
    words: tuple[str, ...],
) -> None:
    scores = finished.root / "rounds" / "000" / "scores"
    command = ("select", scores, "--budget", 2, *options, "--out", tmp_path / "query")
    raysal(*command).refused(*words)
    assert not (tmp_path / "query").exists()
