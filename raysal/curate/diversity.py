"""What keeps a query's images apart: from options to constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from raysal.acquisition.selection.diverse import AnyPick, Constraint, MinDistance, MinGap, Quota
from raysal.acquisition.selection.score_parts import read_vectors
from raysal.config.settings import Frozen
from raysal.curate.groups import captured, frame_number, listed
from raysal.curate.score_source import ScoreSource
from raysal.errors import ConfigError, RunError
from raysal.storage.uri import shown


class Diversity(Frozen):
    """The options of `raysal select` of the same names."""

    quota: int | None = None
    """Most of a group."""
    group: str | None = None
    """Regular expression whose first group names an image's group: a video, city or camera."""
    groups: str | None = None
    """The same from a file with the columns image_id and group."""
    min_gap: int | None = None
    """Least difference of two frame numbers of a group."""
    frame: str | None = None
    """Regular expression whose first group is an image's frame number."""
    min_distance: float | None = None
    """Least cosine distance of two images' vectors, 0 to 2."""

    def check(self) -> None:
        """The options go together.

        Raises:
            ConfigError: one lacks another, or is out of its range.
        """
        if self.group is not None and self.groups is not None:
            raise ConfigError("--group and --groups both name the groups; give one of them")
        if self.quota is not None and self.group is None and self.groups is None:
            raise ConfigError("--quota needs groups: give --group REGEX or --groups FILE")
        if (self.min_gap is None) != (self.frame is None):
            raise ConfigError("--min-gap and --frame need each other; give both")
        for option, value in (("--quota", self.quota), ("--min-gap", self.min_gap)):
            if value is not None and value < 1:
                raise ConfigError(f"{option} {value}: must be at least 1")
        if self.min_distance is not None and not 0 < self.min_distance <= 2:
            raise ConfigError(
                f"--min-distance {self.min_distance:g}: a cosine distance lies above 0, at most 2"
            )

    def group_of(self) -> Callable[[str], str] | None:
        """The group of an image id, if there are groups; raises what `captured` and `listed` do."""
        if self.group is not None:
            return captured("--group", self.group)
        return None if self.groups is None else listed(Path(self.groups))


class Vectors(dict[str, np.ndarray]):
    """(D,) features of the images that are looked at just now, by id."""

    def __init__(self, sources: Sequence[ScoreSource]) -> None:
        super().__init__()
        self._sources = sources

    def fetch(self, picks: Sequence[AnyPick]) -> None:
        """Read those of some picks, and forget the others."""
        self.clear()
        ids = {pick.image_id for pick in picks}
        for source in self._sources if ids else ():
            self.update(read_vectors(source.folder, ids))


def make_constraints(
    diversity: Diversity, group: Callable[[str], str] | None, vectors: Vectors
) -> list[Constraint]:
    """The constraints that the options ask for, with nothing taken yet.

    Raises:
        ConfigError: a bad regular expression.
    """
    constraints: list[Constraint] = []
    if diversity.quota is not None:
        assert group is not None
        constraints.append(Quota(diversity.quota, group))
    if diversity.min_gap is not None:
        assert diversity.frame is not None
        frame = frame_number("--frame", diversity.frame)
        constraints.append(MinGap(diversity.min_gap, group or (lambda image_id: ""), frame))
    if diversity.min_distance is not None:
        constraints.append(MinDistance(diversity.min_distance, vectors))
    return constraints


def check_vectors(sources: Sequence[ScoreSource]) -> None:
    """All folders have vectors of one stage.

    Raises:
        RunError: one has none, or of another stage.
    """
    for source in sources:
        if source.key.features is None:
            raise RunError(
                f"--min-distance reads vectors, and {shown(source.folder)} has none; score again "
                "into another folder with --features aspp"
            )
        if source.key.features != sources[0].key.features:
            raise RunError(
                f"{shown(sources[0].folder)} and {shown(source.folder)} hold vectors of different "
                f"stages ({sources[0].key.features}, {source.key.features})"
            )
