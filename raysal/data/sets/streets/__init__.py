"""Synthetic street scenes, drawn on demand."""
