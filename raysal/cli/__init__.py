"""The commands: parse, build, call, print.

A command imports what it works with when it runs, not at the top of its file: torch, Ray and
matplotlib take seconds to import. So help and shell completion appear at once, and a configuration
is checked before anything slow is loaded.
"""
