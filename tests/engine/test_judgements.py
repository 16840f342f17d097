"""The log of a scheduler's decisions: what is read again, and what counts as damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raysal.engine.judgements import (
    Judgement,
    add_judgement,
    check_log,
    drop_torn_line,
    read_judgements,
    seal_log,
    stopped_early,
)
from raysal.errors import DataError

MADE = [
    Judgement(trial="a", round=1, metric="final_miou", value=0.5, action="CONTINUE"),
    Judgement(trial="b", round=1, metric="final_miou", value=0.25, action="STOP"),
    Judgement(trial="b", round=2, metric="auc_miou", value=0.0, action="STOP"),
]
OF_EARLIER_VERSIONS = {**MADE[0].model_dump()}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for judgement in MADE:
        add_judgement(tmp_path / "asha.jsonl", judgement)
    return tmp_path / "asha.jsonl"


def test_what_was_added_is_read(log: Path) -> None:
    assert read_judgements(log) == MADE
    assert stopped_early(log, "final_miou") == {"b": 1}
    assert read_judgements(log.with_name("absent")) == []
    log.write_text(json.dumps(OF_EARLIER_VERSIONS) + "\n")
    assert read_judgements(log) == MADE[:1]


def test_a_line_that_was_not_written_to_its_end_is_dropped(log: Path) -> None:
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"trial": "c", "rou')
    assert read_judgements(log) == MADE
    drop_torn_line(log)
    assert log.read_bytes() == whole
    drop_torn_line(log.with_name("absent"))


@pytest.mark.parametrize("line", [
    b"\xff\xfe\x00", b"", b"{", b"[1, 2]", b"null", b'{"other": "keys"}', b"[" * 5000,
    json.dumps({**OF_EARLIER_VERSIONS, "round": "1"}).encode(),
    json.dumps({**OF_EARLIER_VERSIONS, "action": "PAUSE"}).encode(),
    json.dumps({**OF_EARLIER_VERSIONS, "trial": None}).encode(),
    json.dumps({**OF_EARLIER_VERSIONS, "check": "another"}).encode(),
    json.dumps({**OF_EARLIER_VERSIONS, "n": 0})[:-2].encode() + b"1" * 6000 + b"}",
])  # fmt: skip
def test_a_damaged_line(line: bytes, log: Path) -> None:
    first, rest = log.read_bytes().split(b"\n", 1)
    log.write_bytes(first + b"\n" + line + b"\n" + rest)
    with pytest.raises(DataError, match=rf"^{log} is damaged: .*; restore it .* decided anew$"):
        read_judgements(log)


def test_no_bit_changes_a_decision(log: Path) -> None:
    text = log.read_bytes()
    for place in range(text.index(b"\n")):
        log.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        try:
            found = read_judgements(log)
        except DataError:
            continue
        assert found == MADE, place


def test_decisions_that_are_missing(log: Path) -> None:
    sealed, text = seal_log(log), log.read_bytes()
    check_log(log, sealed)
    add_judgement(log, MADE[0])  # Later ones may follow.
    check_log(log, sealed)
    check_log(log, b"\xff")  # A damaged seal says nothing.
    for changed in (b"", text[: text.index(b"\n") + 1], text[:-1], text.replace(b"0.5", b"0.6")):
        log.write_bytes(changed)
        with pytest.raises(DataError, match=r"does not begin with the 3 decisions"):
            check_log(log, sealed)
    log.unlink()
    with pytest.raises(DataError, match=r"does not begin with the 3 decisions"):
        check_log(log, sealed)
