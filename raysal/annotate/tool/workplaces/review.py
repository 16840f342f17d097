"""The suspects of a review: labels that are probably wrong, to be corrected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raysal.annotate.asked import Asked
from raysal.annotate.of_run import asked_in, config_of
from raysal.annotate.tool.prepare.guide import Guide
from raysal.annotate.tool.prepare.of_run import guides_of_run
from raysal.annotate.tool.workplace import RECENT_S, View, Workplace
from raysal.errors import RunError
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.cost import NOTHING
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import Ask
from raysal.review.found import Found, Review, read_found
from raysal.review.run import ANSWERS, TOOL

MARGIN = 8
"""Pixels of the working size that are shown around a suspect."""


class ReviewPlace(Workplace):
    """The images with the first suspects, under the labels that they have.

    Answers are in the folder of the review; the run is not changed.

    Args:
        folder: of the review.

    Raises:
        RunError: the run of the review is gone.
        DataError: a file of the review is damaged.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        review = Review.read(folder)
        self.layout = RunLayout(_run_of(folder, review))
        self._config = config_of(self.layout)
        data = self._config.data
        self.title = f"review of {self._config.name}"
        self.class_names, self.palette = data.class_names, data.palette
        self.folder = folder / "annotate"
        found = read_found(folder, data.class_names, review.shown)
        self._asked = _asked_in(self.layout, self._config, found, folder / ANSWERS)
        self._guides = self._models()

    def view(self) -> View:
        """All images."""
        left = self.index.left(self._asked, RECENT_S)
        done = "all is looked at; `--export FOLDER` writes the labels for data.corrections"
        return View(
            generation="review",
            heading=f"labels of {self._config.name} that are probably wrong",
            state="asks" if left else "finished",
            text="correct the label, or finish it as it is" if left else done,
            asked=self._asked,
            unit="images",
            guides=self._guides,
        )

    def _models(self) -> dict[str, Guide]:
        """For each query the model that judged it; for those before round 0 the last one."""
        guides = guides_of_run(self.layout, self._config)
        last = Guide(self._asked.model, "the last round")
        names = {image.query for image in self._asked.images}
        return {name: replace(guides.get(name, last), extension=None) for name in names}


def _run_of(folder: Path, review: Review) -> Path:
    """The run: where it was, or the folder that holds the review."""
    for run in (Path(review.run), folder.absolute().parent):
        if RunLayout(run).config.exists():
            return run
    raise RunError(f"{folder} is the review of {review.run}, which is not there any more")


def _asked_in(
    layout: RunLayout, config: ExperimentConfig, found: list[Found], answers: Path
) -> Asked:
    queries: dict[str, list[Ask]] = {}
    rank: dict[tuple[str, str], int] = {}
    for number, one in enumerate(found):
        queries.setdefault(one.query, []).append(_ask(one, config.data.size))
        rank.setdefault((one.query, one.image_id), number)
    asked = asked_in(layout, config, queries, known=True)
    images = sorted(asked.images, key=lambda image: rank[image.query, image.image_id])
    return replace(
        asked, name=f"{config.name}-review", images=tuple(images), answers=answers, begun_by=TOOL
    )


def _ask(one: Found, size: tuple[int, int]) -> Ask:
    s = one.suspect
    top, left = max(0, s.row - MARGIN), max(0, s.col - MARGIN)
    bottom, right = min(size[0], s.row + s.height + MARGIN), min(size[1], s.col + s.width + MARGIN)
    return Ask(one.image_id, top, left, bottom - top, right - left, 1 - s.probability, NOTHING)
