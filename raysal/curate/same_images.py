"""Whether an id names the same image in several score folders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raysal.acquisition.selection.score_parts import read_hashes
from raysal.curate.score_source import ScoreSource
from raysal.errors import DataError
from raysal.storage.uri import shown


def check_same_images(sources: Sequence[ScoreSource], chosen: pa.ChunkedArray) -> None:
    """Check that each chosen id names the same image in all folders.

    Raises:
        DataError: two pools use an id for different images.
    """
    if sources[0].regions is not None:
        return
    ids = chosen.unique()
    parts: list[pa.Table] = []
    for index, source in enumerate(sources):
        part = read_hashes(source.folder)
        where = pc.index_in(part.column("image_id").cast(ids.type), value_set=ids)
        part = pa.table({"where": where, "hash": part.column("content_hash")})
        parts.append(part.filter(where.is_valid()))
        parts[-1] = parts[-1].append_column("source", pa.array(np.full(len(parts[-1]), index)))
    rows = pa.concat_tables(parts).combine_chunks()
    where_N, source_N = (rows.column(name).to_numpy() for name in ("where", "source"))
    codes = rows.column("hash").combine_chunks().dictionary_encode().indices
    hash_N = codes.fill_null(-1).to_numpy(zero_copy_only=False)
    _, first, inverse_N = np.unique(where_N, return_index=True, return_inverse=True)
    differs_N = hash_N != hash_N[first][inverse_N]
    if differs_N.any():
        row = int(differs_N.argmax())
        raise DataError(
            f"'{ids[int(where_N[row])]}' is one image in {shown(sources[0].folder)} and another in "
            f"{shown(sources[int(source_N[row])].folder)}; select from pools whose ids differ"
        )
