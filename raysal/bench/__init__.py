"""Benchmarks, each as a ratio to a plain baseline timed in the same run."""
