"""Errors that a user can cause. Each message says what, where, and what to do next, on one line.

The command line prints only the message and exits with status 2. Except for `OSError`, such as a
full disk, any other exception is a bug in raysal.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable

FULL = (errno.ENOSPC, errno.EDQUOT)
# Of more known words than this, messages list only the first few.
ALL_LISTED = 60
FIRST_LISTED = 5


class RaysalError(ValueError):
    """Base of all errors a user can cause; takes one string, so that it can be pickled."""


class ConfigError(RaysalError):
    """An invalid configuration: unknown key, wrong type, impossible combination."""


class DataError(RaysalError):
    """Missing or inconsistent data: no folder, no mask, wrong size, wrong class id."""


class ClassIdError(DataError):
    """A mask with an id that is no class of the data set."""


class ChannelsError(DataError):
    """An image with other channels than the data set's settings say."""


class PoolError(RaysalError):
    """A pool that is absent, empty, incomplete or of another kind."""


class BadImagesError(RaysalError):
    """More unreadable images than `data.max_bad_share` allows."""


class CheckpointError(RaysalError):
    """A checkpoint that is absent, damaged, or of another network or number of classes."""


class StrategyError(RaysalError):
    """A strategy that reads what it did not declare, or what the model does not provide."""


class TrainingError(RaysalError):
    """Training that cannot continue, such as after a loss that is not a number."""


class RunError(RaysalError):
    """A run, score or query folder that is in use, unfinished, or of another configuration."""


class ClusterError(RaysalError):
    """A cluster that cannot be reached or lacks the resources that were requested."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a near miss, else a list of the known words, if any.

    Of many words, such as the ids of images, the first few are listed.
    """
    choices = sorted(set(known))
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    if len(choices) > ALL_LISTED:
        return f"; known: {', '.join(choices[:FIRST_LISTED])}, ... ({len(choices)} in all)"
    return f"; known: {', '.join(choices)}" if choices else ""


def one_line(error: RaysalError | OSError) -> str:
    """The error as one line for the user."""
    if isinstance(error, RaysalError):
        return " ".join(str(error).split())
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in FULL:
        return f"no space left on the device{where}; free some and run again to resume"
    # Errors of object stores have a message but no errno.
    return " ".join((f"{os.strerror(error.errno)}{where}" if error.errno else str(error)).split())
