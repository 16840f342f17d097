"""The forecast in the learning curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from raysal.report.draw.style import series_style
from raysal.report.forecast.forecast import Forecast

STEPS = 60
# With more series than this, further lines and bands would hide the curves.
DRAWN_AT_MOST = 4


def drawn(forecasts: Sequence[Forecast]) -> bool:
    """Whether `draw_forecasts` draws any of them."""
    return len(forecasts) <= DRAWN_AT_MOST and any(
        one.law is not None and one.points for one in forecasts
    )


def draw_forecasts(axes: Axes, forecasts: Sequence[Forecast], divisor: float = 1.0) -> None:
    """Draw each curve from its last round to the last of the next budgets: dashed, with its 95 %
    interval as a faint band.

    Args:
        forecasts: of all series of the figure, in order; nothing is drawn for more than 4.
        divisor: of costs, the unit of the axis.
    """
    if not drawn(forecasts):
        return
    for place, one in enumerate(forecasts):
        if one.law is None or one.last is None or not one.points:
            continue
        cost = np.linspace(one.last[0], one.points[-1].cost, STEPS)
        low, high = one.law.band(cost)
        colour = series_style(place).colour
        axes.plot(cost / divisor, one.law.at(cost), color=colour, linestyle=(0, (4, 2.5)), lw=1.4)
        outline = np.concatenate([np.stack([cost, low], 1), np.stack([cost, high], 1)[::-1]])
        band = PolyCollection([outline / (divisor, 1)], color=colour, alpha=0.07, linewidth=0)
        axes.add_collection(band, autolim=False)  # A wide interval must not flatten the curves.
