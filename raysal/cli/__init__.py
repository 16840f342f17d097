"""The commands: each parses its options, builds what it needs, calls the package and prints.

Imports of torch, Ray and matplotlib take seconds. So commands import them when they run, not at the
top of a file: help and shell completion appear at once, and errors in a configuration are reported
before anything slow is loaded.
"""
