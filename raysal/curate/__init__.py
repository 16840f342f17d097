"""Scoring and selecting from a pool without a loop."""
