"""Regions: where in an image the model is torn, and what a region's labels say of the rest.

Axes in names: H height, W width, S window side, P positions along an axis, C classes, Q query
cells, K key cells, F features of a patch, D channels.
"""
