"""Many strategies, each with several values of one setting, as panels: CPRAL's Fig. 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.report.runs.series import Series

# So many lines can be distinguished in one figure.
IN_ONE_FIGURE = 4


@dataclass(frozen=True)
class Panel:
    """The series with one value of the setting.

    Attributes:
        title: such as `noise.rate=0.2`.
        places: of its series among all.
        names: the strategies of all panels, in order, which get the same colours in each.
    """

    title: str
    places: tuple[int, ...]
    names: tuple[str, ...]


def panels(series: Sequence[Series]) -> tuple[Panel, ...]:
    """One panel for each value of the setting that tells runs of every strategy apart.

    Empty if there are few series; if other settings, or more than one, tell them apart; and if no
    strategy has two values or no value two strategies, which would leave a line to each panel.
    """
    if len(series) <= IN_ONE_FIGURE or any(len(one.told) != 1 for one in series):
        return ()
    names = tuple(dict.fromkeys(one.name for one in series))
    titles = tuple(dict.fromkeys("=".join(one.told[0]) for one in series))
    cells = {(one.name, one.told) for one in series}
    if len({one.told[0][0] for one in series}) > 1 or len(cells) < len(series):
        return ()
    if min(len(names), len(titles)) < 2:
        return ()
    return tuple(
        Panel(
            title,
            tuple(i for i, one in enumerate(series) if "=".join(one.told[0]) == title),
            names,
        )
        for title in titles
    )
