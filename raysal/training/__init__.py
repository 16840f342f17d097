"""Training and evaluation: losses, schedule, augmentation, steps, and the loop around them.

Axes in names: B batch, C classes, D channels, H height, W width.
"""
