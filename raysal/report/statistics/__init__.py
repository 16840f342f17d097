"""Statistics of learning curves, as functions of arrays.

Axes in names: N seeds, S strategies, R rounds, B resamples.
"""
