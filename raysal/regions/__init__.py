"""Regions: windows where the model is uncertain, and extension of their labels to similar pixels.

Axes in names: H height, W width, S window side, P window positions along an axis, C classes, Q
query cells, K key cells, F features of a patch, D channels.
"""
