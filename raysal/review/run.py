"""Review the labels of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysal.data.answers import Answer, AnswerStore
from raysal.data.decode import IGNORE, resize_mask
from raysal.data.labels import ANNOTATOR, LabelledImage, read_labels
from raysal.data.pool.outside import IN_A_RUN
from raysal.data.pool.pool import Pool
from raysal.data.pool.reader import PoolReader
from raysal.data.sets.base import Dataset, Item
from raysal.engine.base import Engine
from raysal.errors import DataError, RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.integrity import saved_config
from raysal.experiment.layout import RunLayout
from raysal.experiment.own_files import rounds_on_disk
from raysal.inference.device import default_device
from raysal.models.checkpoint import load_model
from raysal.progress import Watch
from raysal.review.confident import Cutoff, Opinion, cutoff, softmin, thresholds
from raysal.review.found import (
    Found,
    ImageQuality,
    JudgedPart,
    Review,
    measured,
    write_found,
)
from raysal.review.judges import FOLDS, Judged, judged, train_folds
from raysal.review.judging import opinion_of
from raysal.review.suspects import suspects
from raysal.storage.foreign import check_unused, names_in

ANSWERS = "answers"
TOOL = "raysal review"


@dataclass(frozen=True)
class Reviewed:
    """The result of a review.

    Attributes:
        found: all suspects, the likeliest errors first.
        judged: what was judged, and by which models.
        bad: (image id, reason) of images that could not be read.
    """

    folder: Path
    review: Review
    config: ExperimentConfig
    found: list[Found]
    judged: list[Judged]
    bad: list[tuple[str, str]]


def review_run(
    run: Path,
    out: Path,
    make_engine: Callable[[ExperimentConfig], Engine],
    watch: Watch,
    *,
    folds: int = 0,
    top: int = 100,
) -> Reviewed:
    """Find labels of a run that its models contradict, and write lists of them.

    The labels of the images with the first suspects are also laid down as drafts for the labelling
    tool, so that they are corrected, not drawn anew.

    Args:
        run: its folder; it need not be finished.
        out: a new or empty folder, or one with the models of an interrupted attempt.
        make_engine: called only if there are folds to train.
        folds: number of models to train for the first labels (see `judged`); 0 for none.
        top: number of suspects to show.

    Raises:
        RunError: there is no run, model or label, or `out` holds something.
        DataError, PoolError, CheckpointError: damaged files of the run.
        ConfigError: more folds than images.
        OSError: no space, no permission.
    """
    layout = RunLayout(run)
    config = saved_config(layout) if layout.config.exists() else None
    if config is None:
        raise RunError(f"{run} is not a run; give the folder that `raysal run` printed")
    if set(names_in(str(out))) - {FOLDS}:
        check_unused(str(out), "the review")
    judged(layout)  # What is missing is said before anything is trained.
    models: list[Path] = []
    if folds:
        engine = make_engine(config)
        try:
            models = train_folds(config, layout, folds, out / FOLDS, engine, watch)
        finally:
            engine.close()
    truths = _Truths(config)
    found: list[Found] = []
    images: list[ImageQuality] = []
    parts: list[JudgedPart] = []
    bad: list[tuple[str, str]] = []
    what = judged(layout, models)
    for part in what:
        of_part = _judge(part, config, layout, truths, watch, bad)
        found += of_part.found
        images += of_part.images
        parts.append(of_part.about)
    found.sort(key=lambda one: (one.suspect.probability, -one.suspect.pixels, one.image_id))
    out.mkdir(parents=True, exist_ok=True)
    write_found(out, found, images, config.data.class_names)
    shown = found[:top]
    _lay_drafts(layout, shown, out / ANSWERS, config.name)
    review = Review(
        run=str(run), parts=tuple(parts), suspects=len(found), shown=len(shown),
        **measured(found, images),
    )  # fmt: skip
    review.write(out)
    return Reviewed(out, review, config, found, what, bad)


@dataclass(frozen=True)
class _OfPart:
    about: JudgedPart
    found: list[Found]
    images: list[ImageQuality]


class _Opinions:
    """Opinions on images, on disk: they take six bytes for each pixel."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ids: list[str] = []

    def add(self, image_id: str, one: Opinion) -> None:
        np.savez(self._folder / f"{len(self.ids)}.npz", **vars(one))
        self.ids.append(image_id)

    def __iter__(self) -> Iterator[Opinion]:
        for number in range(len(self.ids)):
            with np.load(self._folder / f"{number}.npz") as file:
                yield Opinion(**{name: file[name] for name in file.files})


def _judge(
    part: Judged,
    config: ExperimentConfig,
    layout: RunLayout,
    truths: _Truths,
    watch: Watch,
    bad: list[tuple[str, str]],
) -> _OfPart:
    labels = {one.image_id: one for one in read_labels(part.labels, part.ids)}
    classes = len(config.data.class_names)
    with tempfile.TemporaryDirectory(prefix="raysal-review-") as folder:
        opinions = _Opinions(Path(folder))
        for image_id, one in _opinions(part, config, layout, labels, watch, bad):
            opinions.add(image_id, one)
        cut = cutoff(opinions, thresholds(opinions, classes))
        found: list[Found] = []
        images: list[ImageQuality] = []
        for image_id, one in zip(opinions.ids, opinions, strict=True):
            label = labels[image_id]
            truth = truths.of(image_id)
            images.append(_quality(part, image_id, one, label, cut, truth))
            found += [
                Found(image_id, part.query, part.seen, suspect)
                for suspect in suspects(one, cut.wrong(one), known_in(label), truth)
            ]
    about = JudgedPart(
        query=part.query, by=part.by, seen=part.seen, images=len(images),
        pixels=sum(image.pixels for image in images), errors=cut.errors,
    )  # fmt: skip
    return _OfPart(about, found, images)


def known_in(label: LabelledImage) -> np.ndarray:
    """bool (H, W): the pixels that an annotator gave a class."""
    return np.asarray((label.source == ANNOTATOR) & (label.label != IGNORE))


def _opinions(
    part: Judged,
    config: ExperimentConfig,
    layout: RunLayout,
    labels: Mapping[str, LabelledImage],
    watch: Watch,
    bad: list[tuple[str, str]],
) -> Iterator[tuple[str, Opinion]]:
    loaded = load_model(part.model, default_device())
    wanted = {image_id for image_id, label in labels.items() if known_in(label).any()}
    watch.start(f"labels of {part.query}, by {part.by}", len(wanted))
    for row in Pool.open(str(layout.pool), IN_A_RUN).fetch(wanted):
        label = labels[row.image_id]
        known = known_in(label)
        try:
            found = opinion_of(loaded, row, label.label, known, config.train.precision)
        except DataError as error:
            bad.append((row.image_id, str(error)))
        else:
            yield row.image_id, found
        watch.advance(1)
    watch.finish()


def _quality(
    part: Judged,
    image_id: str,
    one: Opinion,
    label: LabelledImage,
    cut: Cutoff,
    truth: np.ndarray | None,
) -> ImageQuality:
    flagged_P = cut.wrong(one)
    wrong = hit = None
    if truth is not None:
        truth_P = truth[known_in(label)]
        wrong_P = (truth_P != one.given_P) & (truth_P != IGNORE)
        wrong, hit = int(wrong_P.sum()), int((wrong_P & flagged_P).sum())
    return ImageQuality(
        image_id, part.query, part.seen, softmin(one.given_prob_P), len(one.given_P),
        int(flagged_P.sum()), wrong, hit,
    )  # fmt: skip


class _Truths:
    """True masks of a simulated annotator, whose labels may have mistakes."""

    def __init__(self, config: ExperimentConfig) -> None:
        self._items: dict[str, Item] = {}
        self._dataset: Dataset = config.data
        if config.oracle == "simulated":
            items = config.data.items("train")
            self._items = {item.image_id: item for item in items if item.label is not None}

    def of(self, image_id: str) -> np.ndarray | None:
        """uint8 (H, W) class ids, 255 unknown; None if people labelled, or the mask is gone."""
        if image_id not in self._items:
            return None
        try:
            return self._dataset.label(self._items[image_id])
        except DataError:
            return None


def _lay_drafts(layout: RunLayout, shown: list[Found], answers: Path, run: str) -> None:
    """Store the labels of these images as drafts, at the images' own size."""
    wanted: dict[str, set[str]] = {}
    for one in shown:
        wanted.setdefault(one.query, set()).add(one.image_id)
    pool = Pool.open(str(layout.pool), IN_A_RUN)
    reader = PoolReader(pool)
    ids = set[str]().union(*wanted.values())
    sizes = {
        image_id: size
        for unit in (pool.units if ids else ())
        for image_id, size in reader.sizes(unit).items()
        if image_id in ids
    }
    folders = {here.name: here for here in (*layout.first_queries, *rounds_on_disk(layout))}
    for query, of_query in wanted.items():
        store = AnswerStore(answers / query)
        for label in read_labels(folders[query].labels, of_query):
            raster = resize_mask(label.label, sizes[label.image_id])
            store.save(Answer(label.image_id, raster, f"labels of {run}", TOOL, state="draft"))
