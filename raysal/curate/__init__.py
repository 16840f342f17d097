"""Score a pool and select a query from it, outside the active learning loop."""
