"""Strategies: what a model says of an image, in; how much it is worth labelling, out.

Axes in names: B batch, C classes, H height, W width, K pixels (H·W), L levels.
"""
