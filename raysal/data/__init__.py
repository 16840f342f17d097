"""Data sets, the Parquet pool, labels, decoding, augmentation, synthetic streets."""
