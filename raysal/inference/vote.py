"""Measures of disagreement between dropout passes, and the dropout that makes passes differ, as
settings name them; importable without torch. `raysal.inference.votes` computes them."""

from __future__ import annotations

from typing import Literal

Vote = Literal["hard", "soft", "variation", "bald"]
Dropped = Literal["channels", "network"]
"""Channels of the stages that the decoder reads (`model.channel_dropout`), or what the network's
own dropout layers drop."""
