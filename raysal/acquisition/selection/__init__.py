"""From scores to a choice: top-k, k-center greedy, distances and gaps."""
