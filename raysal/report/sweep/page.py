"""The HTML page of a sweep, which contains all its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from raysal import __version__
from raysal.report.compare.section import CompareSection
from raysal.report.draw.html import Picture, template
from raysal.report.draw.table import Table
from raysal.report.sweep.groups import Group, metric_words
from raysal.sweep.results import TrialResult
from raysal.sweep.trials import Sweep

TEMPLATE = "sweep.html.j2"


def render_sweep(
    sweep: Sweep,
    found: Sequence[Group],
    results: Sequence[TrialResult],
    table: Table,
    pictures: Mapping[str, Picture],
    notes: Sequence[str],
    comparison: CompareSection | None,
    full: Sequence[str],
) -> str:
    """Render the page; all text that comes from the sweep is escaped.

    Args:
        found: the combinations of which the best is named.
        comparison: of these in pairs; None without.
        full: labels of those that are trained on all images.
    """
    known = [group for group in found if group.metric is not None]
    best = max(known, key=lambda group: group.metric.mean if group.metric else 0.0, default=None)
    definition = {"sweep": sweep.config.dump(), **sweep.settings}
    return template(TEMPLATE).render(
        version=__version__,
        title=sweep.name,
        words=metric_words(sweep.config),
        parameters=len(sweep.labels),
        best=None if best is None else best.label,
        metric=sweep.config.metric,
        table=table,
        full=full,
        results=results,
        pictures=pictures,
        notes=notes,
        **({"comparison": None} if comparison is None else comparison.values()),
        definition=yaml.safe_dump(definition, sort_keys=False),
    )
