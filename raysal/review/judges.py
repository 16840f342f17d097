"""Which model judges which labels of a run: one that was not trained on them, if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.config.seed import uniform
from raysal.data.labels import labelled_ids, read_labels, write_labels
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.errors import ConfigError, RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.fit_model import fit_model
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.measuring import measuring_set
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.stage import once
from raysal.progress import Watch

FOLDS = "folds"


@dataclass(frozen=True)
class Judged:
    """Labels of one query, and the model that they are compared with.

    Attributes:
        query: its name, see `QueryLayout.name`.
        labels: the label store.
        ids: the images to judge.
        model: its folder.
        by: which model this is, in words.
        seen: whether it was trained on these labels, and may have learned their errors.
    """

    query: str
    labels: Path
    ids: frozenset[str]
    model: Path
    by: str
    seen: bool = False


def judged(layout: RunLayout, folds: Sequence[Path] = ()) -> list[Judged]:
    """What is to be judged, in the order of the queries.

    The labels of a round's query are judged by the model of that round, which chose them and was
    trained on earlier ones only; images to measure on by the last model. The first labels are known
    to all models of the run: they are judged by `folds`, or else by the last model, which has seen
    them.

    Args:
        folds: folders of models, see `train_folds`.

    Raises:
        RunError: there is no model or no label.
        DataError: labels are damaged.
    """
    rounds = [here for here in rounds_on_disk(layout) if here.model_file.exists()]
    if not rounds or not layout.initial.labels_file.exists():
        raise RunError(
            f"{layout.root} has no trained model yet, so there is nothing to compare labels with; "
            "`raysal run` goes on"
        )
    last = rounds[-1]
    last_words = f"the model of round {int(last.folder.name)}"
    found = [
        Judged(here.name, here.labels, _ids(here), last.model, last_words)
        for here in (layout.test, layout.val)
        if here.labels_file.exists()
    ]
    initial = layout.initial
    if folds:
        for number, ids in enumerate(_parts(initial, len(folds))):
            by = f"a model trained without them (fold {number + 1} of {len(folds)})"
            found.append(Judged(initial.name, initial.labels, ids, folds[number], by))
    else:
        found.append(
            Judged(initial.name, initial.labels, _ids(initial), last.model, last_words, seen=True)
        )
    found += [
        Judged(
            here.name, here.labels, _ids(here), here.model,
            f"the model of round {int(here.folder.name)}",
        )
        for here in rounds
        if here.labels_file.exists()
    ]  # fmt: skip
    return found


def train_folds(
    config: ExperimentConfig,
    layout: RunLayout,
    count: int,
    out: Path,
    engine: Engine,
    watch: Watch,
) -> list[Path]:
    """Train models for the first labels: each on all labels of the run except a part of the first
    ones. Finished ones are not trained again.

    Args:
        count: number of parts and models, at least 2.
        out: folder for the models, which may hold those of an interrupted attempt.

    Raises:
        ConfigError: there are not so many images.
        RaysalError: see `Engine.train`.
    """
    parts = _parts(layout.initial, count)
    if not all(parts):
        raise ConfigError(
            f"--folds {count}: the run began with {sum(map(len, parts))} images, which are too few "
            "for so many parts"
        )
    pool = Pool.open(str(layout.pool))
    rounds = len(rounds_on_disk(layout))
    later = [folder for folder in layout.label_folders(rounds)[1:] if folder.is_dir()]
    models = []
    for number, left_out in enumerate(parts):
        kept = frozenset(_ids(layout.initial)) - left_out
        labels = out / f"labels-{count}-{number}"

        def write(draft: Path, kept: frozenset[str] = kept) -> None:
            write_labels(draft, read_labels(layout.initial.labels, kept))

        def train(draft: Path, number: int = number, labels: Path = labels) -> None:
            fit_model(
                config,
                engine,
                watch,
                f"fold {number + 1} of {count}",
                dataset=measuring_set(config, layout, pool),
                pool_uri=pool.uri,
                label_folders=(labels, *later),
                round_index=rounds - 1,
                out=draft,
            )

        fingerprint = f"{config.fingerprint()}-{rounds}"
        out.mkdir(parents=True, exist_ok=True)
        once(labels, write, fingerprint=fingerprint)
        models.append(
            once(out / f"model-{count}-{number}", train, resumable=True, fingerprint=fingerprint)
        )
    return models


def _parts(initial: QueryLayout, count: int) -> list[frozenset[str]]:
    """The images of the first query, by lot, in parts of nearly equal size."""
    ids = sorted(_ids(initial), key=lambda i: (uniform("folds", i), i))
    return [frozenset(ids[number::count]) for number in range(count)]


def _ids(here: QueryLayout) -> frozenset[str]:
    return frozenset(labelled_ids(here.labels))
