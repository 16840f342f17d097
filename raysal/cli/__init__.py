"""The commands: parse, build, call, print."""
