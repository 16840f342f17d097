"""Losses, schedule, metrics, one train step, one evaluation step, the loop around them.

Axes in names: B batch, C classes, D channels, H height, W width.
"""
