"""Class balance of the labels: the share of each class, and the entropy of the shares."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from raysal.report.draw.style import BAND, FAINT, LONG_LABEL, figure_style, png, series_style
from raysal.report.draw.table import Table
from raysal.report.runs.read import RunData
from raysal.report.runs.series import Series, Spread, spread

# Share at which a class without pixels is drawn on the logarithmic axis.
LEAST_PERCENT = 1e-3


def entropy_table(series: Sequence[Series], common: Sequence[int]) -> Table:
    """Class entropy of each run's labels in nats: the average over `common`, then each round.

    The average is over the rounds that all series have, so that they can be compared (DEAL, section
    4.4); a run that lacks one of them has none.
    """
    indices = sorted({index for one in series for index in one.indices})
    columns = ("strategy", "run", "seed", "average", *(f"round_{index}" for index in indices))
    rows = []
    for one in series:
        for run in one.runs:
            by_round = {data.index: data.entropy_nats for data in run.rounds}
            average = _average(run, common)
            rounds = tuple(by_round.get(index) for index in indices)
            rows.append((one.label, run.name, run.seed, average, *rounds))
    return Table(columns, tuple(rows))


def average_entropy(series: Series, common: Sequence[int]) -> Spread:
    """Class entropy in nats, averaged over the rounds in `common`: its spread over the runs that
    have them all."""
    found = spread(_average(run, common) for run in series.runs)
    assert found is not None, series.label
    return found


def entropy_by_round(series: Series, indices: Sequence[int]) -> tuple[Spread | None, ...]:
    """Class entropy in nats in each round: its spread over the runs that have it."""
    return tuple(spread(data.entropy_nats for data in series.at(index)) for index in indices)


def _average(run: RunData, common: Sequence[int]) -> float | None:
    """Over `common`; None if the run has not recorded all of these."""
    known = [data.entropy_nats for data in run.rounds if data.index in common]
    return sum(known) / len(common) if len(known) == len(common) else None


def class_shares(series: Series, index: int) -> tuple[float, ...]:
    """(C,) share of each class among the labelled pixels of a round: percent, mean over runs."""
    shares = []
    for data in series.at(index):
        total = sum(data.record.class_pixels)
        shares.append(
            [100 * pixels / total if total else 0.0 for pixels in data.record.class_pixels]
        )
    return tuple(sum(column) / len(column) for column in zip(*shares, strict=True))


def balance_figure(series: Sequence[Series], common: Sequence[int]) -> bytes:
    """PNG: left the share of each class among the labelled pixels, right the entropy by round.

    Shares have a logarithmic axis, because rare classes matter most. Markers show the last round of
    each series, the grey line the first common one as a mean over all runs.
    """
    classes = len(series[0].runs[0].class_names)
    with figure_style():
        figure = Figure(figsize=(8.4, rows_inches(classes, len(series))), layout="constrained")
        shares, entropy = figure.subplots(1, 2, width_ratios=(1.3, 1))
        _draw_shares(shares, series, common)
        _draw_entropy(entropy, series)
        handles, labels = shares.get_legend_handles_labels()
        long = max(len(label) for label in labels) > LONG_LABEL
        columns = 1 if long else min(3, len(labels))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
        return png(figure)


def rows_inches(classes: int, series: int) -> float:
    """Height of a figure with one row per class that contains a marker per series."""
    return max(1.4 + classes * (0.22 + 0.03 * series), 3.6)


def _draw_shares(axes: Axes, series: Sequence[Series], common: Sequence[int]) -> None:
    last = [class_shares(one, one.last) for one in series]
    first = class_shares(Series("all", tuple(r for one in series for r in one.runs)), common[0])
    order = sorted(range(len(first)), key=lambda c: sum(shares[c] for shares in last))
    band_rows(axes, len(order))
    if any(one.last > common[0] for one in series):
        values = [max(first[c], LEAST_PERCENT) for c in order]
        low, high = [r - 0.5 for r in range(len(order))], [r + 0.5 for r in range(len(order))]
        label = f"round {common[0]}, all runs"
        axes.vlines(values, low, high, color=FAINT, linewidth=2, label=label)
    for place, (one, shares) in enumerate(zip(series, last, strict=True)):
        style = series_style(place)
        # Markers of a row are shifted vertically, the first series on top.
        shift = 0.7 * (0.5 - (place + 0.5) / len(series))
        axes.plot(
            [max(shares[c], LEAST_PERCENT) for c in order],
            [row + shift for row in range(len(order))],
            linestyle="none",
            marker=style.marker,
            color=style.colour,
            markersize=5,
            label=f"{one.label}, round {one.last}",
        )
    names = series[0].runs[0].class_names
    share_axes(axes, [names[c] for c in order], "Share of labelled pixels [%]")


def band_rows(axes: Axes, rows: int) -> None:
    """Draw a faint band behind every other row."""
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=BAND, linewidth=0)


def share_axes(axes: Axes, names: Sequence[str], label: str) -> None:
    """Set up axes with a row per class and percent on a logarithmic scale; call it after drawing.

    Args:
        names: of the classes, from the bottom up.
        label: of the x axis.
    """
    axes.set_xscale("log")
    low_edge, high_edge = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if high_edge / low_edge < 1000 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_xlabel(label)


def _draw_entropy(axes: Axes, series: Sequence[Series]) -> None:
    for place, one in enumerate(series):
        style = series_style(place)
        found = entropy_by_round(one, one.indices)
        axes.plot(
            one.indices,
            [value.mean for value in found if value is not None],
            color=style.colour,
            marker=style.marker,
            linestyle=style.line,
            markersize=5,
        )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.margins(x=0.06, y=0.1)
    axes.set_xlabel("Round")
    axes.set_ylabel("Entropy of the class shares [nats]")
