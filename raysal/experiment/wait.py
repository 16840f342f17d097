"""Wait until people have answered."""

from __future__ import annotations

import time
from collections.abc import Sequence

from raysal.experiment.pending import Pending
from raysal.progress import Watch

PAUSE_S = 2.0


def wait_for_answers(queries: Sequence[Pending], watch: Watch) -> None:
    """Return once all queries are answered; what is there is looked at every `PAUSE_S`.

    Looking takes a moment where thousands of images are asked for, so the pause is at least ten
    times as long as that.
    """
    watch.say("waiting for labels: " + ", ".join(map(str, queries)))
    left = sum(len(query.unanswered()) for query in queries)
    watch.start("wait for labels", left)
    while left:
        start = time.monotonic()
        still = sum(len(query.unanswered()) for query in queries)
        if still != left:  # A log is not filled with lines that say that nothing has happened.
            watch.advance(left - still)
        left = still
        if left:
            time.sleep(max(PAUSE_S, 10 * (time.monotonic() - start)))
    watch.finish()
