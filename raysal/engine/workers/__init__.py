"""The work of a single worker on its share of a job; the same code in every engine."""
