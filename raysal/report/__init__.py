"""Figures, tables and a page from what runs left on disk.

Axes in names: B batch, C classes, D channels, H height, W width.
"""

from raysal.report.build import Report, build_report
from raysal.report.curve import CostUnit
from raysal.report.results import SummaryRow

__all__ = ["CostUnit", "Report", "SummaryRow", "build_report"]
