"""Errors on their way from a worker to the driver."""

from __future__ import annotations

import base64
import pickle

from raysal.errors import RaysalError

# What a user can do something about travels as data: raised in a worker, Ray would retry it,
# print its traceback and wrap it.
REPORTED = (RaysalError, OSError)


def pack(error: Exception) -> str:
    """A string that travels anywhere."""
    return base64.b64encode(pickle.dumps(error)).decode()


def raise_packed(packed: str) -> None:
    """Raise what a worker packed; nothing for the empty string."""
    if packed:
        error = pickle.loads(base64.b64decode(packed))
        assert isinstance(error, REPORTED)
        raise error
