"""The strategies, one family per file."""
