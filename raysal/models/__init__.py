"""Networks (encoders with named stages, DeepLabv3+ and its heads) and their checkpoints.

Axes in names: B batch, C classes, D channels, H height, W width, K attention cells (H·W).
"""

MODEL_FILE = "model.pt"
"""Name of the checkpoint in a folder that holds a model."""
