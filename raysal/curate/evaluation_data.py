"""The labelled data of `raysal evaluate`: of a configuration, or of a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from raysal.config.load import apply_overrides, parse_override, read_yaml, validate
from raysal.config.settings import Frozen
from raysal.data.sets.base import Dataset, Item, Split
from raysal.data.sets.registry import AnyDataset
from raysal.data.tiles import TileConfig
from raysal.engine.config import EngineConfig
from raysal.errors import CheckpointError, ConfigError, DataError
from raysal.inference.precision import Precision

SECTIONS = ("data", "engine", "train")
# Stands for a size that is not given, until that of the model is known.
_ANY_SIZE = [64, 64]


class _Train(Frozen):
    model_config = ConfigDict(extra="ignore")

    precision: Precision = "auto"


class EvaluationConfig(Frozen):
    """The sections that matter; those of an experiment's configuration that do not are left out."""

    data: AnyDataset
    engine: EngineConfig = EngineConfig()
    train: _Train = Field(default_factory=_Train)
    """Only `precision`, which the measurements of a run depend on, too."""


@dataclass(frozen=True)
class LabelledData:
    """A data set to evaluate on.

    Attributes:
        name: for the user.
        data: at the size that the configuration says, if it is `sized`.
        sized: whether the configuration says which size images are resized to.
        remedy: what to do if no image is labelled; empty if that is not known.
    """

    name: str
    data: Dataset
    engine: EngineConfig
    precision: Precision
    sized: bool = True
    remedy: str = ""

    def dataset(self, size: tuple[int, int], tile: TileConfig | None = None) -> Dataset:
        """The data set, at a size (height, width) unless the configuration says another, read as
        the model reads it.

        Raises:
            CheckpointError: the model's tiles are larger than the images.
        """
        chosen = self.data.size if self.sized else size
        if tile is not None:
            try:
                tile.check_inside(chosen)
            except ValueError as error:
                raise CheckpointError(f"the model reads tiles: {error}") from None
        return self.data.model_copy(update={"size": chosen, "tile": tile})

    def items(self, split: Split | None) -> tuple[Split, Sequence[Item]]:
        """The images of a split; by default of `test`, or of `val` if there is no test split.

        Raises:
            DataError: there are none, or a file or a mask is missing.
        """
        tried: tuple[Split, ...] = ("test", "val") if split is None else (split,)
        try:
            for name in tried:
                if items := self.data.items(name):
                    self.data.check_labelled(items)
                    return name, items
        except DataError:
            self.data.check()  # Says more about what is missing.
            raise
        self.data.check()
        raise DataError(
            f"{self.name}: there is no image in the {' or '.join(tried)} split{self.remedy}"
        )


def load_data(path: Path, overrides: Sequence[str] = ()) -> LabelledData:
    """Read the `data` section of a YAML file, and `engine` and `train.precision` if it has them.

    Args:
        overrides: such as `data.root=PATH`.

    Raises:
        ConfigError: one line that names what is wrong.
    """
    check_overrides(overrides)
    values = apply_overrides(read_yaml(path), overrides)
    read = {name: values[name] for name in SECTIONS if name in values}
    data = read.get("data")
    sized = not isinstance(data, dict) or "size" in data
    if isinstance(data, dict) and not sized:
        # The tiles are those of the model, too.
        read["data"] = {**data, "size": _ANY_SIZE, "tile": None}
    config = validate(EvaluationConfig, read, str(path))
    return LabelledData(
        config.data.name, config.data, config.engine, config.train.precision, sized, _remedy(values)
    )


def check_overrides(overrides: Sequence[str]) -> None:
    """Check that overrides are of what is read here.

    Raises:
        ConfigError: one is not.
    """
    for text in overrides:
        (section,) = parse_override(text)
        if section not in SECTIONS:
            raise ConfigError(f"--set {text}: only data, engine and train.precision are read here")


def _remedy(values: Mapping[str, Any]) -> str:
    """Where the images are that an experiment draws by lot to measure on, if it does."""
    al, name = values.get("al"), values.get("name")
    drawn = isinstance(al, dict) and (al.get("test") or al.get("val"))
    if not drawn or not isinstance(name, str):
        return ""
    run = shlex.quote(str(Path(str(values.get("output", "runs"))) / name))
    return (
        "; those that al.test and al.val draw are labelled in the run: `raysal evaluate "
        f"{run}`, or `raysal evaluate MODEL {run}`"
    )
