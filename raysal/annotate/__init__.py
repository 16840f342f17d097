"""People label: what is asked of them, and what they give back."""
