"""Folders to select from: those of `raysal score`, and the scores or regions of a round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from raysal.acquisition.selection.region_parts import read_region_scores
from raysal.acquisition.selection.score_parts import VECTOR, read_scores
from raysal.config.load import read_yaml, validate
from raysal.curate.score_folder import FILE, Key, part_hashes, read_scoring
from raysal.data.pool.layout import MANIFEST
from raysal.data.pool.parts import finished_parts, read_tables
from raysal.errors import RunError
from raysal.experiment.layout import STAMP, RoundLayout, RunLayout
from raysal.regions.config import RegionConfig
from raysal.storage.foreign import names_in
from raysal.storage.uri import absolute, shown


@dataclass(frozen=True)
class ScoreSource:
    """A folder of scores.

    Attributes:
        size: (height, width) of the model's input.
        regions: settings that regions were picked with; None if whole images are scored.
    """

    folder: str
    key: Key
    size: tuple[int, int]
    regions: RegionConfig | None

    @property
    def window(self) -> tuple[int, int]:
        """(height, width) in pixels of what one pick queries: a region or a whole image."""
        return self.size if self.regions is None else self.regions.window(self.size)

    @property
    def score_key(self) -> Key:
        """The key without `features`, on which scores do not depend."""
        return self.key.model_copy(update={"features": None})

    def image_ids(self) -> Iterator[list[str]]:
        """The ids of all images, part by part, also of those without a score."""
        for table in read_tables(self.folder, leave_out=(VECTOR,)):
            yield table.column("image_id").to_pylist()

    def tables(self, spare: bool = False) -> Iterator[pa.Table]:
        """The scores of all images; of regions, those that are disjoint or `spare` (overlapping).

        See `raysal.acquisition.selection.ranked`.
        """
        if self.regions is None:
            return read_scores(self.folder)
        return read_region_scores(self.folder, spare)


def open_sources(folders: Sequence[str], allow_partial: bool = False) -> list[ScoreSource]:
    """Open score folders, whose scores must be comparable.

    Raises:
        RunError: a folder is absent, empty or unfinished, or they differ in model, strategy or
            settings.
    """
    sources = [_open(absolute(folder), allow_partial) for folder in folders]
    first = sources[0]
    for other in sources[1:]:
        if other.key.model != first.key.model:
            what = "models"
        elif other.key.strategy != first.key.strategy:
            what = "strategies"
        elif other.regions != first.regions:
            what = "kinds (regions picked with other settings, or whole images)"
        elif (other.score_key, other.size) != (first.score_key, first.size):
            what = "settings (precision, seed or size)"
        else:
            continue
        raise RunError(
            f"{shown(first.folder)} and {shown(other.folder)} hold scores of different {what}; "
            "select from scores that can be compared"
        )
    return sources


def _open(folder: str, allow_partial: bool) -> ScoreSource:
    scoring = read_scoring(folder)
    if scoring is None:
        source = _of_a_round(folder)
    else:
        missing = scoring.missing(folder)
        if (missing or not scoring.finished) and not allow_partial:
            raise RunError(
                f"the scores in {shown(folder)} are incomplete: {missing or 'some'} of "
                f"{scoring.units} units are missing; run its 'raysal score' again, "
                "or allow partial scores (allow_partial)"
            )
        part_hashes(folder).check()
        source = ScoreSource(folder, scoring.key, scoring.size, None)
    if not finished_parts(folder):
        raise RunError(f"the score folder {shown(folder)} is empty; run its 'raysal score' again")
    return source


def _of_a_round(folder: str) -> ScoreSource:
    """Open the finished `scores` or `regions` folder of a round."""
    path = Path(folder)
    here = RoundLayout(path.parent)
    run = RunLayout(path.parents[2] if len(path.parents) > 2 else path)
    finished = path in (here.scores, here.regions) and (path / STAMP).exists()
    if not path.is_file() and MANIFEST in names_in(folder):
        raise RunError(
            f"'{shown(folder)}' is a pool without scores; make them with 'raysal score', or select "
            "without a trained model (start)"
        )
    if "://" in folder or not finished or not run.config.exists():
        raise RunError(
            f"no scores at '{shown(folder)}' ({FILE} is missing); make them with 'raysal score', "
            "or give the scores or regions folder of a round"
        )
    # Imports torch, which reading a folder of `raysal score` does not need.
    from raysal.experiment.config import ExperimentConfig
    from raysal.experiment.integrity import check_model_stage
    from raysal.experiment.stage import check_stage
    from raysal.experiment.train_adversary import scored_by
    from raysal.models.checkpoint import load_model

    check_stage(path)
    check_model_stage(here.model)
    config = validate(ExperimentConfig, read_yaml(run.config), str(run.config))
    if path == here.scores and config.rga is not None and config.rga.subset == "all":
        raise RunError(
            f"the images of '{shown(folder)}' were not rated (rga.subset=all): regions were picked "
            f"in all of them; give {here.regions}"
        )
    if path == here.scores and config.acquisition.needs.features is not None:
        raise RunError(
            f"the images of '{shown(folder)}' were chosen together ({config.acquisition.name}) and "
            "have no scores of their own; what was chosen is in the round's query folder"
        )
    key = Key(
        model=scored_by(config.image_strategy, load_model(here.model), here.model),
        strategy=config.acquisition.dump(),
        precision=config.train.precision, features=None,
        seed=config.seed if config.acquisition.draws_lots else None,
    )  # fmt: skip
    regions = config.rga if path == here.regions else None
    return ScoreSource(folder, key, config.data.size, regions)
