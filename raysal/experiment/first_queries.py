"""The queries before round 0: images to measure on, and the first ones to train on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.seed import uniform
from raysal.data.pool.pool import Pool
from raysal.engine.base import Engine
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.oracle import Oracle
from raysal.experiment.pending import answered
from raysal.experiment.query import priced, read_query, write_query
from raysal.experiment.stage import once
from raysal.experiment.start import start_picks
from raysal.progress import Watch


@dataclass(frozen=True)
class FirstQueries:
    """What is asked for before round 0.

    Attributes:
        engine: called only if images are chosen by features that are not there yet.
    """

    config: ExperimentConfig
    layout: RunLayout
    pool: Pool
    oracle: Oracle
    engine: Callable[[], Engine]
    watch: Watch

    def ask(self) -> bool:
        """Choose the images, and commit the labels of the queries that are answered.

        Test and validation images are drawn by lot from all images, so that they represent the
        pool whatever is queried later. The initial images are chosen from the others by `al.start`;
        images whose masks are there already are among them, even if there are more than
        `al.initial`.

        Returns:
            Whether all queries are answered.

        Raises:
            DataError: an image has no usable mask, or an answer is damaged.
            RaysalError: see `start_picks`.
        """
        al, layout = self.config.al, self.layout
        held_out: set[str] = set()
        queries: list[QueryLayout] = [layout.initial]
        for here, count in ((layout.test, al.test), (layout.val, al.val)):
            if count:
                self._commit(here, count, frozenset(held_out), frozenset())
                held_out |= {ask.image_id for ask in read_query(here.query)}
                queries.append(here)
        known = self._with_mask() - held_out
        count = self.pool.images - len(held_out) if al.initial == "all" else al.initial
        self._commit(layout.initial, count, frozenset(held_out), known)
        # All are tried: the labels of one are committed even if another is not answered yet.
        fingerprint = self.config.fingerprint()
        done = [answered(here, self.oracle, fingerprint, self.watch) for here in queries]
        return all(done)

    def _commit(
        self, here: QueryLayout, count: int, excluded: frozenset[str], known: frozenset[str]
    ) -> None:
        """Commit a query for `known` images, and for others until there are `count`."""

        def choose(draft: Path) -> None:
            left = [i for i in self.pool.ids() if i not in excluded]
            chosen = [Pick(i, self._lot(here.name, i)) for i in left if i in known]
            if chosen and len(chosen) == len(left):
                self.watch.say(
                    f"all {len(left)} images have masks, which count as labels: people are asked "
                    "for nothing; to compare strategies, set oracle=simulated"
                )
            more = max(0, count - len(chosen))
            if here == self.layout.initial and self.config.al.start != "random":
                chosen += start_picks(
                    self.config, self.layout, self.pool, self.engine, self.watch,
                    excluded=excluded, known=known, count=more,
                )  # fmt: skip
            else:
                lots = (Pick(i, self._lot(here.name, i)) for i in left if i not in known)
                chosen += top_k(lots, more)
            if len(chosen) < count:
                self.watch.say(
                    f"al.{here.name} is {count}, but the pool has {len(chosen)} images"
                    f"{' left' if excluded else ''}; taking them all"
                )
            size = self.config.data.size
            write_query(draft, list(priced(chosen, size, self.oracle.clicks)))

        here.folder.mkdir(exist_ok=True)
        once(here.query, choose, fingerprint=self.config.fingerprint())

    def _lot(self, query: str, image_id: str) -> float:
        """Test and validation images are the same for every seed, so that runs can be compared."""
        if query == self.layout.initial.name:
            return uniform(query, self.config.seed, image_id)
        return uniform(query, image_id)

    def _with_mask(self) -> frozenset[str]:
        """Images whose masks people need not draw."""
        if self.config.oracle != "people":
            return frozenset()
        return self.config.data.known_ids()
