"""Figures, tables and a page from the files of a run.

Axes in names: B batch, C classes, D channels, H height, W width.
"""
