"""Figures, tables and a page from what runs left on disk.

Axes in names: B batch, C classes, D channels, H height, W width.
"""

from raysal.report.build import Report, build_report
from raysal.report.summary.curve import CostUnit
from raysal.report.summary.results import SummaryRow
from raysal.report.sweep.build import SweepReport, build_sweep_report

__all__ = [
    "CostUnit",
    "Report",
    "SummaryRow",
    "SweepReport",
    "build_report",
    "build_sweep_report",
]
