"""The HTML page of a report, which contains all its figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysal import __version__
from raysal.report.annotation.section import Annotation
from raysal.report.compare.section import CompareSection
from raysal.report.cost_unit import CostUnit
from raysal.report.draw.format import setting
from raysal.report.draw.html import Picture, template
from raysal.report.draw.style import COLOURS, INK
from raysal.report.forecast.section import ForecastSection
from raysal.report.regions.section import RegionSection
from raysal.report.review.section import ReviewOf
from raysal.report.runs.measured_on import measured_on
from raysal.report.runs.series import Series
from raysal.report.runs.truth import MEASURED_AT_MOST
from raysal.report.strips.read import Strip
from raysal.report.summary.acquisition import STAGES, AcquisitionTime
from raysal.report.summary.balance import average_entropy, entropy_by_round
from raysal.report.summary.effort import costs, timings
from raysal.report.summary.full_data import FullData, Needed
from raysal.report.summary.panels import panels
from raysal.report.summary.results import RARE_PERCENT, ClassTable, class_table, summary

TEMPLATE = "report.html.j2"
ALT = {
    "coverage": "classes of annotators' and extended labels, and their share of the pool",
    "work": "seconds per region of each query, and time of each class by tool",
    "ratings": "histogram of the ratings of all candidates, the subset and the query",
}


@dataclass(frozen=True)
class StripPicture:
    """A strip, the label of its series, and its picture."""

    strip: Strip
    label: str
    picture: Picture


@dataclass(frozen=True)
class Content:
    """What a page shows.

    Attributes:
        series: what is compared.
        full: series that were trained on all images.
        common: rounds that all of `series` have recorded.
        x: unit of the learning curve.
        curve: PNG of the learning curve; None if there is none.
        balance: PNG of the class balance.
        classes: at the last common round; then, if it is another, at the last one of each series.
        regions: None if no series asks for regions.
        annotation: None if people labelled in no run.
        notes: warnings for the reader, shown at the top.
        needed: how much labelling comes near `reference`.
        times: of queries.
        against: label of the series against which time is saved.
        forecast: None if there are too few rounds.
        comparison: None if there is nothing to compare, or it cannot be compared.
        reviews: of the runs.
    """

    series: Sequence[Series]
    full: Sequence[Series]
    common: Sequence[int]
    x: CostUnit
    curve: bytes | None
    balance: bytes
    classes: Sequence[ClassTable]
    regions: RegionSection | None
    annotation: Annotation | None
    strips: Sequence[StripPicture]
    notes: Sequence[str]
    needed: Sequence[Needed] = ()
    reference: FullData | None = None
    times: Sequence[AcquisitionTime] = ()
    against: str | None = None
    comparison: CompareSection | None = None
    forecast: ForecastSection | None = None
    reviews: Sequence[ReviewOf] = ()


def render(c: Content) -> str:
    """Render the page; all text that comes from a run is escaped."""
    series, every = c.series, [*c.series, *c.full]
    runs = [run for one in every for run in one.runs]
    indices = sorted({index for one in series for index in one.indices})
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(series))]
    return template(TEMPLATE).render(
        version=__version__,
        title=_title(series),
        series=series,
        every=every,
        runs=runs,
        colours=[*colours, *([INK] * len(c.full))],
        again=[place >= len(COLOURS) for place in range(len(series))] + [False] * len(c.full),
        measured_on=measured_on(runs),
        common=c.common,
        summary=summary(every),
        x=c.x,
        curve=None
        if c.curve is None
        else Picture(c.curve, f"mIoU in percent against {c.x.words}, one line per strategy"),
        panelled=bool(panels(series)),
        balance=Picture(c.balance, "share of each class among the labels, and their entropy"),
        classes=c.classes,
        change=_change(series[0]) if len(every) == 1 and len(c.common) > 1 else None,
        rare_percent=RARE_PERCENT,
        at_most=MEASURED_AT_MOST,
        **({"comparison": None} if c.comparison is None else c.comparison.values()),
        indices=indices,
        entropies=[average_entropy(one, c.common) for one in series],
        entropy_by_round=[entropy_by_round(one, indices) for one in series],
        even_nats=math.log(len(series[0].runs[0].class_names)),
        regions=c.regions,
        annotation=c.annotation,
        charts=_charts(c.regions),
        work_charts={run: Picture(data, ALT["work"]) for run, data in c.annotation.charts.items()}
        if c.annotation is not None
        else {},
        strips=c.strips,
        needed=c.needed,
        reference=c.reference,
        forecast=c.forecast,
        times=c.times,
        stages=STAGES,
        against=c.against,
        reviews=c.reviews,
        costs=costs(every),
        timings=timings(every),
        differing=_differing(every),
        variants=_variants(every),
        environments=_environments(every),
        changes=[(r.name, [str(change) for change in r.changes]) for r in runs if r.changes],
        notes=c.notes,
    )


def _change(one: Series) -> ClassTable:
    """The first and the last round of the only series."""
    return class_table([(one, one.indices[0]), (one, one.last)])


def _differing(series: Sequence[Series]) -> list[tuple[str, list[str | None]]]:
    """Settings in which series of one strategy differ beyond their labels: key, and its value for
    each series; None for series of other strategies."""
    keys = dict.fromkeys(
        key for one in series for key, value in one.differs if f"{key}={value}" not in one.label
    )
    return [(key, [dict(one.differs).get(key) for one in series]) for key in keys]


def _variants(series: Sequence[Series]) -> list[tuple[int, str]]:
    """What each variant of a sweep changes, by the place of its series; empty if none is shown."""
    return [
        (place, ", ".join(f"{key}={setting(value)}" for key, value in variant.settings.items()))
        for place, one in enumerate(series)
        if (variant := one.runs[0].variant) is not None and one.name == variant.name
    ]


def _charts(regions: RegionSection | None) -> dict[str, Picture | None]:
    """The charts on regions by name; None where there is nothing to draw."""
    drawn = {} if regions is None else regions.charts
    return {name: Picture(drawn[name], ALT[name]) if name in drawn else None for name in ALT}


def _title(series: Sequence[Series]) -> str:
    if len(series) == 1 and len(series[0].runs) == 1:
        return series[0].runs[0].name
    data = series[0].runs[0].config.get("data")
    name = data.get("name") if isinstance(data, Mapping) else None
    many = f"{len(series)} strategies" if len(series) > 1 else series[0].label
    return f"{name}: {many}" if name else many


def _environments(series: Sequence[Series]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """The distinct environments: the names of their runs, and (key, value) pairs."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for one in series:
        for run in one.runs:
            found.setdefault(tuple(_pairs(run.environment)), []).append(run.name)
    return [(names, list(pairs)) for pairs, names in found.items()]


def _pairs(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, entry in value.items():
        if prefix == "" and key == "version":
            continue  # Version of the file format.
        if isinstance(entry, Mapping):
            pairs += _pairs(entry, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", str(entry)))
    return pairs
