"""Group (video, city or camera) and frame number of an image, from its id or from a file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from raysal.data.lists import decode_text, nearest
from raysal.errors import ConfigError, DataError

COLUMNS = ("image_id", "group")


def regex_capture(name: str, pattern: str) -> Callable[[str], str]:
    """A function from image id to what a regular expression's first group captures in it.

    Args:
        name: of the setting that gives the pattern, for messages.

    Raises:
        ConfigError: the pattern is not a regular expression, or has no group.
        DataError: raised by the returned function if the pattern does not match an id.
    """
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"{name} '{pattern}' is not a regular expression: {error}") from None
    if regex.groups == 0:
        raise ConfigError(
            f"{name} '{pattern}' has no group: put the part to capture in parentheses, "
            r"as in '^(\w+)/'"
        )

    def capture(image_id: str) -> str:
        match = regex.search(image_id)
        if match is None or match[1] is None:
            raise DataError(
                f"{name} '{pattern}' does not match image '{image_id}'; "
                "it must capture something in every id"
            )
        return match[1]

    return capture


def frame_number(name: str, pattern: str) -> Callable[[str], int]:
    """As `regex_capture`, but the function returns the captured text as a whole number.

    Raises:
        ConfigError: see `regex_capture`.
        DataError: raised by the returned function if the text is not a whole number.
    """
    capture = regex_capture(name, pattern)

    def frame(image_id: str) -> int:
        text = capture(image_id)
        try:
            return int(text)
        except ValueError:
            raise DataError(
                f"{name} '{pattern}' captures '{text}' in image '{image_id}', "
                "which is not a whole number"
            ) from None

    return frame


def groups_from_file(path: Path) -> Callable[[str], str]:
    """A function from image id to its group in a CSV or Parquet file, which is held in memory.

    Raises:
        DataError: the file is missing or lacks the columns image_id and group; also raised by the
            returned function for an id that is not in the file.
    """
    table = _read(path)
    absent = [name for name in COLUMNS if name not in table.column_names]
    if absent:
        raise DataError(
            f"{path} has no column '{absent[0]}'; a file of groups needs image_id and group"
        )
    ids, groups = (table.column(name).cast(pa.string()).to_pylist() for name in COLUMNS)
    by_id = dict(zip(ids, groups, strict=True))

    def group(image_id: str) -> str:
        found = by_id.get(image_id)
        if found is None:
            raise DataError(f"{path} has no group for image '{image_id}'{nearest(image_id, by_id)}")
        return found

    return group


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        # Keep ids such as 0001 as text.
        types = csv.ConvertOptions(column_types={name: pa.string() for name in COLUMNS})
        text = decode_text(path.read_bytes(), path)
        return csv.read_csv(io.BytesIO(text.encode()), convert_options=types)
    except FileNotFoundError:
        raise DataError(f"no file '{path}' (groups)") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"cannot read '{path}' (groups): {str(error).splitlines()[0]}") from None
