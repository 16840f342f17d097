"""The forecast as a part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysal.report.cost_unit import CostUnit
from raysal.report.draw.table import Cell, Table
from raysal.report.forecast.draw import drawn
from raysal.report.forecast.forecast import Forecast, amount, forecast, reasons
from raysal.report.runs.series import Series


@dataclass(frozen=True)
class ForecastSection:
    """The forecasts of all series, in their order, some of which say why there is none."""

    forecasts: tuple[Forecast, ...]
    unit: CostUnit

    @property
    def known(self) -> list[tuple[int, Forecast]]:
        """Place and forecast of the series that have one."""
        return [(i, one) for i, one in enumerate(self.forecasts) if one.law is not None]

    @property
    def drawn(self) -> bool:
        """Whether any of them is in the learning curve."""
        return drawn(self.forecasts)

    @property
    def sentences(self) -> list[str]:
        """What it takes to reach the target, if there is one; then why some have no forecast."""
        told = [one.sentence for one in self.forecasts if one.sentence is not None]
        return [*told, *reasons(self.forecasts)]

    def amount(self, cost: float) -> str:
        """A cost with its unit."""
        return amount(cost, self.unit)

    def table(self) -> Table:
        """`forecast.csv`: the next budgets, and the cost at which the target is reached."""
        rows: list[tuple[Cell, ...]] = []
        for one in self.forecasts:
            rows += [
                (one.label, "mIoU", p.cost, None, None, p.miou, p.low, p.high) for p in one.points
            ]
            if (t := one.target) is not None:
                kind = "reached" if t.reached else "target"
                rows.append((one.label, kind, t.cost, t.low, t.high, t.miou, None, None))
        unit = str(self.unit)
        ends = (unit, f"{unit}_low", f"{unit}_high", "miou", "miou_low", "miou_high")
        return Table(("strategy", "what", *ends), tuple(rows))


def forecast_section(
    series: Sequence[Series], unit: CostUnit, target: float | None = None
) -> ForecastSection | None:
    """Forecast all series; None if none can be and none was asked for.

    Args:
        target: wanted mIoU in percent.
    """
    found = tuple(forecast(one, unit, target) for one in series)
    if target is None and all(one.law is None for one in found):
        return None
    return ForecastSection(found, unit)
