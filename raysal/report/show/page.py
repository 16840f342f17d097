"""The page of `raysal show`, which contains all its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from raysal import __version__
from raysal.report.page import Picture, template
from raysal.report.show.grid import Row
from raysal.report.show.models import ShownModel
from raysal.report.show.wanted import Figure

CAPTIONS = {
    Figure.uncertainty: "Uncertainty maps, each on a colour scale of its own.",
    Figure.levels: "Difficulty in levels, and the pixels of the image on each of them (DEAL, "
    "Fig. 5).",
    Figure.attention: "What the marked pixels attend to in the probability attention module "
    "(DEAL, Fig. 7). The three wrong pixels with the largest loss, unless others are chosen; 1 "
    "is what each cell would get if attention were even.",
    Figure.regions: "The image with regions and their scores, the votes of dropout passes, and "
    "the response of the attention kernel to them; then the annotator's labels and the extended "
    "ones, wrong ones in orange (CPRAL, Fig. 3).",
    Figure.models: "Models side by side, maps on one colour scale (DEAL, Fig. 8a; CPRAL, Fig. 9).",
}
ERRORS = "Errors: orange pixels are wrong, pale blue ones right, grey ones unknown."
DIFFICULTY = "Difficulty is the probability of being wrong that the model predicts."
TIMES_DIFFICULTY = (
    "Above, uncertainty maps; below, the same times difficulty, each on the colour scale of the "
    "map above it (DEAL, Fig. 4)."
)
TEMPLATE = "show.html.j2"


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of an image.

    Attributes:
        name: of a `Figure`, or `panels`.
        model: None if it shows several.
    """

    image_id: str
    name: str
    model: ShownModel | None
    rows: Sequence[Row]
    png: bytes

    @property
    def titles(self) -> list[str]:
        """Of its panels."""
        return [p.title for row in self.rows for p in row.panels if p is not None and p.title]

    @property
    def picture(self) -> Picture:
        """To embed; its text says which panels there are."""
        listed = ", ".join(" ".join(title.split()) for title in self.titles)
        return Picture(self.png, f"{self.name} of {self.image_id}: {listed}")

    @property
    def caption(self) -> str:
        """What one sees; empty for a figure of one's own."""
        difficulty = "Difficulty" in self.titles
        if self.name == Figure.overview:
            errors = any(title.startswith("Errors") for title in self.titles)
            return " ".join([ERRORS] * errors + [DIFFICULTY] * difficulty)
        if self.name == Figure.uncertainty and difficulty:
            return TIMES_DIFFICULTY
        return next((text for name, text in CAPTIONS.items() if name == self.name), "")


def render(
    models: Sequence[ShownModel], figures: Sequence[DrawnFigure], notes: Sequence[str]
) -> str:
    """The page; all text that comes from files is escaped."""
    return template(TEMPLATE).render(
        version=__version__,
        title=" and ".join(model.label for model in models),
        models=models,
        images=list(_by_image(figures)),
        notes=notes,
    )


def _by_image(figures: Iterable[DrawnFigure]) -> Iterator[tuple[str, list[DrawnFigure]]]:
    for image_id, some in groupby(figures, key=lambda figure: figure.image_id):
        yield image_id, list(some)
