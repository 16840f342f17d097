"""The report of a sweep: its metric against the parameters, and learning curves."""
