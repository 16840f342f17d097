"""Reports: figures, tables and an HTML page, from the files of runs or of a sweep.

Axes in names: B batch, C classes, D channels, H height, W width.
"""
