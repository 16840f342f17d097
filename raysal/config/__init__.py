"""Configuration: the base of all settings, loading, overrides, presets, seeds."""
