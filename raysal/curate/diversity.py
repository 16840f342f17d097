"""Diversity of a query: settings, and the constraints built from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from raysal.acquisition.selection.diverse import Constraint, MinDistance, MinGap, Quota
from raysal.acquisition.selection.score_parts import read_vectors
from raysal.config.settings import Frozen
from raysal.curate.groups import frame_number, groups_from_file, regex_capture
from raysal.curate.score_source import ScoreSource
from raysal.errors import ConfigError, RunError
from raysal.storage.uri import shown


class Diversity(Frozen):
    """How the images of a query are kept apart."""

    quota: int | None = None
    """Maximum number of picks per group."""
    group: str | None = None
    """Regular expression whose first parentheses capture an image's group in its id: a video, city
    or camera."""
    groups: str | None = None
    """CSV or Parquet file that gives the groups instead: columns image_id and group."""
    min_gap: int | None = None
    """Minimum difference of two frame numbers in a group."""
    frame: str | None = None
    """Regular expression whose first parentheses capture an image's frame number in its id."""
    min_distance: float | None = None
    """Minimum cosine distance between the vectors of two images, above 0, at most 2."""

    def check(self) -> None:
        """Check that the settings fit together.

        Raises:
            ConfigError: a setting needs or excludes another, or is out of range.
        """
        if self.group is not None and self.groups is not None:
            raise ConfigError("group and groups both name the groups; give one of them")
        if self.quota is not None and self.group is None and self.groups is None:
            raise ConfigError("quota needs groups: give group (an expression) or groups (a file)")
        if (self.min_gap is None) != (self.frame is None):
            raise ConfigError("min_gap and frame need each other; give both")
        for name, value in (("quota", self.quota), ("min_gap", self.min_gap)):
            if value is not None and value < 1:
                raise ConfigError(f"{name} {value}: must be at least 1")
        if self.min_distance is not None and not 0 < self.min_distance <= 2:
            raise ConfigError(f"min_distance {self.min_distance:g}: must be above 0 and at most 2")

    def group_of(self) -> Callable[[str], str] | None:
        """A function from image id to group; None without groups.

        Raises:
            ConfigError, DataError: see `regex_capture` and `groups_from_file`.
        """
        if self.group is not None:
            return regex_capture("group", self.group)
        return None if self.groups is None else groups_from_file(Path(self.groups))


class Vectors(dict[str, np.ndarray]):
    """(D,) features of the images under consideration, by id."""

    def __init__(self, sources: Sequence[ScoreSource]) -> None:
        super().__init__()
        self._sources = sources

    def fetch(self, image_ids: Sequence[str]) -> None:
        """Read the vectors of these images, and forget all others."""
        self.clear()
        ids = frozenset(image_ids)
        for source in self._sources if ids else ():
            self.update(read_vectors(source.folder, ids))


def make_constraints(
    diversity: Diversity, group: Callable[[str], str] | None, vectors: Vectors
) -> list[Constraint]:
    """The constraints that the settings ask for, before any pick.

    Raises:
        ConfigError: a regular expression is invalid.
    """
    constraints: list[Constraint] = []
    if diversity.quota is not None:
        assert group is not None
        constraints.append(Quota(diversity.quota, group))
    if diversity.min_gap is not None:
        assert diversity.frame is not None
        frame = frame_number("frame", diversity.frame)
        constraints.append(MinGap(diversity.min_gap, group or (lambda image_id: ""), frame))
    if diversity.min_distance is not None:
        constraints.append(MinDistance(diversity.min_distance, vectors))
    return constraints


def check_vectors(sources: Sequence[ScoreSource], reader: str = "min_distance") -> None:
    """Check that all folders hold vectors of the same stage, or of the same encoder.

    Args:
        reader: the setting that reads them, for messages.

    Raises:
        RunError: a folder has none, or those of another stage or encoder.
    """
    for source in sources:
        if source.key.features is None:
            raise RunError(
                f"{reader} reads vectors, and {shown(source.folder)} has none; score again "
                "into another folder with features, such as aspp"
            )
        if source.key.features != sources[0].key.features:
            raise RunError(
                f"{shown(sources[0].folder)} and {shown(source.folder)} hold vectors of different "
                f"stages or encoders ({sources[0].key.features}, {source.key.features})"
            )
