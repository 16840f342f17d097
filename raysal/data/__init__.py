"""Data sets, the pool of images, label stores, and decoding."""

LABELS_FILE = "labels.parquet"
"""Name of a Parquet file in a folder that holds labels."""
