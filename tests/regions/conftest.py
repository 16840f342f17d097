"""Settings of the property tests of regions."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure, and neither is luck.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
