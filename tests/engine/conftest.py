"""Fixtures of the engine's tests."""

from material import material

__all__ = ["material"]
