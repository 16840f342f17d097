"""The loop: rounds, budgets, queries, and the run folder."""
