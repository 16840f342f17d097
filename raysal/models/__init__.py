"""Networks: backbone with named stages, DeepLabv3+, difficulty branch; build and checkpoints.

Axes in names: B batch, C classes, D channels, H height, W width, K attention cells (H·W).
"""
