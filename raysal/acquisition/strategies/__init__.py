"""Every acquisition function, one family per file."""
