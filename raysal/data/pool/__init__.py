"""The Parquet pool: reading, writing, counting, showing."""
