"""The HTML page of a report, which contains all its figures."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from raysal import __version__
from raysal.report.annotation.section import Annotation
from raysal.report.cost_unit import CostUnit
from raysal.report.draw import format as text
from raysal.report.draw.style import COLOURS
from raysal.report.regions.section import RegionSection
from raysal.report.runs.measured_on import measured_on
from raysal.report.runs.series import Series, Spread
from raysal.report.runs.truth import MEASURED_AT_MOST
from raysal.report.strips.read import Strip
from raysal.report.summary.balance import average_entropy
from raysal.report.summary.effort import costs, timings
from raysal.report.summary.results import RARE_PERCENT, class_rows, summary

TEMPLATE = "report.html.j2"
ALT = {
    "coverage": "classes of annotators' and extended labels, and their share of the pool",
    "work": "seconds per region of each query, and time of each class by tool",
    "ratings": "histogram of the ratings of all candidates, the subset and the query",
}


@dataclass(frozen=True)
class Picture:
    """A PNG to embed, and its alternative text."""

    png: bytes
    alt: str

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class StripPicture:
    """A strip, the label of its series, and its picture."""

    strip: Strip
    label: str
    picture: Picture


def render(
    series: Sequence[Series],
    common: Sequence[int],
    x: CostUnit,
    curve: bytes | None,
    balance: bytes,
    regions: RegionSection | None,
    annotation: Annotation | None,
    strips: Sequence[StripPicture],
    notes: Sequence[str],
) -> str:
    """Render the page; all text that comes from a run is escaped.

    Args:
        common: rounds that all runs have recorded.
        x: unit of the learning curve.
        curve: PNG of the learning curve; None if there is none.
        balance: PNG of the class balance.
        regions: None if no series asks for regions.
        annotation: None if people labelled in no run.
        notes: warnings for the reader, shown at the top.
    """
    rows = class_rows(series, common)
    return template(TEMPLATE).render(
        version=__version__,
        title=_title(series),
        series=series,
        runs=[run for one in series for run in one.runs],
        colours=[COLOURS[place % len(COLOURS)] for place in range(len(series))],
        measured_on=measured_on([run for one in series for run in one.runs]),
        common=common,
        summary=summary(series, common),
        x=x,
        curve=None
        if curve is None
        else Picture(curve, f"mIoU in percent against {x.words}, one line per strategy"),
        balance=Picture(balance, "share of each class among the labels, and their entropy"),
        classes=rows,
        best=[_best(row.last) for row in rows],
        rare_percent=RARE_PERCENT,
        at_most=MEASURED_AT_MOST,
        entropies=[average_entropy(one, common) for one in series],
        even_nats=math.log(len(rows)),
        regions=regions,
        annotation=annotation,
        charts=_charts(regions),
        work_charts={run: Picture(data, ALT["work"]) for run, data in annotation.charts.items()}
        if annotation is not None
        else {},
        strips=strips,
        costs=costs(series),
        timings=timings(series),
        environments=_environments(series),
        changes=[
            (run.name, [str(change) for change in run.changes])
            for one in series
            for run in one.runs
            if run.changes
        ],
        notes=notes,
    )


def _charts(regions: RegionSection | None) -> dict[str, Picture | None]:
    """The charts on regions by name; None where there is nothing to draw."""
    drawn = {} if regions is None else regions.charts
    return {name: Picture(drawn[name], ALT[name]) if name in drawn else None for name in ALT}


def template(name: str) -> Template:
    """A page template of this package; values put into it are escaped."""
    environment = Environment(
        loader=PackageLoader("raysal.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": text.percent,
        "miou": text.miou,
        "share": text.share,
        "count": text.count,
        "duration": text.duration,
        "capitalize_first": lambda words: words[:1].upper() + words[1:],
    }
    return environment.get_template(name)


def _title(series: Sequence[Series]) -> str:
    if len(series) == 1 and len(series[0].runs) == 1:
        return series[0].runs[0].name
    data = series[0].runs[0].config.get("data")
    name = data.get("name") if isinstance(data, Mapping) else None
    many = f"{len(series)} strategies" if len(series) > 1 else series[0].label
    return f"{name}: {many}" if name else many


def _best(values: Sequence[Spread | None]) -> float | None:
    """The highest mean as printed, so that values that are equal in print are all marked."""
    means = [round(value.mean, 1) for value in values if value is not None]
    return max(means) if len(means) > 1 else None


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
