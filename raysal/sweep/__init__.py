"""Many experiments over a grid of settings."""
