"""What a user can do wrong. Each message says what, where, and what to do next, on one line.

The command line prints the message alone and ends with status 2; a traceback needs `--debug`.
Anything that is not a `RaysalError` is a bug of ours.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable

FULL = (errno.ENOSPC, errno.EDQUOT)


class RaysalError(ValueError):
    """Base of all errors a user can cause; made of one string, so that it survives pickling."""


class ConfigError(RaysalError):
    """A configuration that cannot be: unknown key, wrong type, impossible combination."""


class DataError(RaysalError):
    """Data that is missing or contradicts itself: no folder, no mask, wrong size, wrong id."""


class PoolError(RaysalError):
    """A pool that is absent, empty, incomplete or of another kind."""


class BadImagesError(RaysalError):
    """More unreadable images than `data.max_bad_share` allows."""


class CheckpointError(RaysalError):
    """A checkpoint that is absent, broken, or of another model or number of classes."""


class TrainingError(RaysalError):
    """Training that cannot go on, such as a loss that is not a number."""


class RunError(RaysalError):
    """A run folder that is in use, was made by another configuration, or cannot be written."""


class ClusterError(RaysalError):
    """A cluster that cannot be reached or has too little of what is asked for."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a near miss, else the known words, else nothing."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(choices)}" if choices else ""


def one_line(error: RaysalError | OSError) -> str:
    """The message for a user."""
    if isinstance(error, RaysalError):
        return " ".join(str(error).split())
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in FULL:
        return f"no space left on the device{where}; free some and run again to resume"
    # Object stores raise errors without a number, but with a text.
    return " ".join((f"{os.strerror(error.errno)}{where}" if error.errno else str(error)).split())
