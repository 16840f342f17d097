"""Data sets, the Parquet pool, labels and decoding."""

LABELS_FILE = "labels.parquet"
"""Name of a Parquet file in a folder that holds labels."""
