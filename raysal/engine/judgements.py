"""The decisions of a scheduler of experiments: a log to which only lines are added."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from raysal.errors import DataError
from raysal.storage.atomic import write_bytes
from raysal.storage.seal import hash_bytes, is_intact, sealed

Action = Literal["CONTINUE", "STOP"]
_SEAL = re.compile(rb"(\d{1,9}) ([0-9a-f]{32})")


class Judgement(BaseModel):
    """What was decided about an experiment after a round.

    Attributes:
        trial: name of the experiment.
        round: counted from 1.
        metric: name of the metric that was compared, and its value.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    trial: str
    round: int
    metric: str
    value: float
    action: Action


def read_judgements(log: Path) -> list[Judgement]:
    """The decisions so far, in order; a last line that was not written to its end is left out.

    Raises:
        DataError: a line is not one that raysal wrote.
    """
    return [_parsed(line, log) for line in _lines(log)]


def add_judgement(log: Path, judgement: Judgement) -> None:
    """Append a decision, and return when it is on disk."""
    with log.open("ab") as file:
        file.write(_text(judgement))
        file.flush()
        os.fsync(file.fileno())


def drop_torn_line(log: Path) -> None:
    """Remove the incomplete line that a killed process may have left at the end."""
    if log.exists():
        write_bytes(log, b"".join(_lines(log)))


def stopped_early(log: Path, metric: str) -> dict[str, int]:
    """The experiments that were stopped because of `metric`, with their number of rounds.

    Raises:
        DataError: the log is damaged.
    """
    return {
        entry.trial: entry.round
        for entry in read_judgements(log)
        if entry.metric == metric and entry.action == "STOP"
    }


def seal_log(log: Path) -> bytes:
    """The number of decisions so far and their hash, which `check_log` compares later."""
    lines = _lines(log)
    return f"{len(lines)} {hash_bytes(b''.join(lines))}".encode()


def check_log(log: Path, seal: bytes) -> None:
    """Check that a log still begins with the decisions that were sealed.

    Raises:
        DataError: decisions are missing, or others are in their place.
    """
    if (match := _SEAL.fullmatch(seal)) is None:  # It is damaged itself.
        return
    count = int(match[1])
    if hash_bytes(b"".join(_lines(log)[:count])).encode() != match[2]:
        raise _damaged(log, f"it does not begin with the {count} decisions that were made")


def _damaged(log: Path, reason: str) -> DataError:
    return DataError(
        f"{log} is damaged: {reason}; restore it from a copy, or remove it together with "
        "results.parquet and run again: then all is decided anew"
    )


def _text(judgement: Judgement) -> bytes:
    return (json.dumps(sealed(judgement.model_dump())) + "\n").encode()


def _lines(log: Path) -> list[bytes]:
    """The complete lines."""
    text = log.read_bytes() if log.exists() else b""
    return text[: text.rfind(b"\n") + 1].splitlines(keepends=True)


def _parsed(line: bytes, log: Path) -> Judgement:
    try:
        entry = Judgement.model_validate_json(line)
        intact = is_intact(json.loads(line))
    except (ValidationError, ValueError):
        intact = False
    if not intact:
        raise _damaged(log, "a line of it is not a decision that raysal wrote")
    return entry
