"""How far annotators of a run agree: by pair of people, and by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.experiment.agreement import Agreement, agreement, together
from raysal.experiment.own_files import rounds_on_disk
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData


@dataclass(frozen=True)
class PairRow:
    """Two annotators; shares in percent.

    Attributes:
        names: theirs.
        pixels: number of pixels that both labelled, at the own sizes of the images.
        both: share of what was asked for that both labelled.
        equal: share of `pixels` with the same class.
        kappa: Cohen's kappa.
        miou: mean of the classes' IoU.
    """

    names: tuple[str, ...]
    images: int
    pixels: int
    both: float
    equal: float | None
    kappa: float | None
    miou: float | None


@dataclass(frozen=True)
class ClassAgreement:
    """A class that at least one of two annotators has seen; shares in percent.

    Attributes:
        iou: of what one and the other call it.
        other: what the other most often calls it instead; empty if they never differ.
        other_share: how often, of the pixels that either gives the class.
    """

    name: str
    iou: float
    other: str
    other_share: float


@dataclass(frozen=True)
class RunAgreement:
    """The agreement of the annotators of one run.

    Attributes:
        pairs: one row for each two of them.
        every: all pairs together, if there are several.
        classes: of all pairs together, those that they agree on least first.
        csv: one row per pair and class.
    """

    pairs: tuple[PairRow, ...]
    every: PairRow | None
    classes: tuple[ClassAgreement, ...]
    csv: tuple[tuple[str | int | float | None, ...], ...]


COLUMNS = (
    "run",
    "annotator",
    "other_annotator",
    "images",
    "pixels",
    "equal_percent",
    "kappa",
    "class",
    "annotator_pixels",
    "other_pixels",
    "equal_pixels",
    "iou",
)


def agreement_of(run: RunData) -> RunAgreement | None:
    """How far the annotators of a run agree; None if no two of them labelled the same image.

    Raises:
        DataError: an answer or a query is damaged.
    """
    size = (run.section("data") or {}).get("size")
    if not (isinstance(size, list) and len(size) == 2) or not run.layout.answers.is_dir():
        return None
    queries = (*run.layout.first_queries, *rounds_on_disk(run.layout))
    asked = [here for here in queries if here.query_file.exists()]
    names = run.class_names
    pairs = agreement(run.layout, asked, (int(size[0]), int(size[1])), len(names))
    if not pairs:
        return None
    every = together(pairs)
    return RunAgreement(
        pairs=tuple(_row(pair) for pair in pairs),
        every=_row(every) if len(pairs) > 1 else None,
        classes=_classes(every, names),
        csv=tuple(row for pair in pairs for row in _csv(run.name, pair, names)),
    )


def agreement_table(found: Sequence[RunAgreement]) -> Table:
    """One row per run, pair and class: pixels are those that both labelled; shares in percent."""
    return Table(COLUMNS, tuple(row for one in found for row in one.csv))


def _row(pair: Agreement) -> PairRow:
    return PairRow(
        names=pair.people,
        images=pair.images,
        pixels=pair.both,
        both=100 * pair.both / pair.asked if pair.asked else 0.0,
        equal=_percent(pair.equal),
        kappa=pair.kappa,
        miou=_percent(pair.miou),
    )


def _classes(every: Agreement, names: Sequence[str]) -> tuple[ClassAgreement, ...]:
    rows = []
    for c, iou in enumerate(every.iou):
        if iou is not None:
            other = every.confused_with(c)
            name, share = ("", 0.0) if other is None else (names[other[0]], 100 * other[1])
            rows.append(ClassAgreement(names[c], 100 * iou, name, share))
    return tuple(sorted(rows, key=lambda row: row.iou))


def _csv(
    run: str, pair: Agreement, names: Sequence[str]
) -> list[tuple[str | int | float | None, ...]]:
    counts = pair.confusion_CC
    about = (run, *pair.people, pair.images, pair.both, _percent(pair.equal), pair.kappa)
    return [
        (
            *about,
            name,
            int(counts[c].sum()),
            int(counts[:, c].sum()),
            int(counts[c, c]),
            _percent(pair.iou[c]),
        )
        for c, name in enumerate(names)
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
