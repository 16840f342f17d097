"""One part of each kind, as CONTRIBUTING.md tells how to add it; see `tests/test_additions.py`."""
