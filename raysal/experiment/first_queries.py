"""The queries before round 0: images to measure on, and the first ones to train on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from raysal.acquisition.selection.top_k import Pick, top_k
from raysal.config.seed import uniform
from raysal.data.pool.pool import Pool
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.oracle import Oracle
from raysal.experiment.pending import answered
from raysal.experiment.query import priced, read_query, write_query
from raysal.experiment.stage import once
from raysal.progress import Watch


@dataclass(frozen=True)
class FirstQueries:
    """What is asked for before round 0."""

    config: ExperimentConfig
    layout: RunLayout
    pool: Pool
    oracle: Oracle
    watch: Watch

    def ask(self) -> bool:
        """Choose the images, and commit the labels of the queries that are answered.

        Test and validation images are drawn by lot from all images, so that they represent the
        pool whatever is queried later. The initial images are drawn from the others; images whose
        masks are there already are among them, even if there are more than `al.initial`.

        Returns:
            Whether all queries are answered.

        Raises:
            DataError: an image has no usable mask, or an answer is damaged.
        """
        al, layout = self.config.al, self.layout
        held_out: set[str] = set()
        queries = [layout.initial]
        for here, count in ((layout.test, al.test), (layout.val, al.val)):
            if count:
                self._commit(here, count, frozenset(held_out), ())
                held_out |= {ask.image_id for ask in read_query(here.query)}
                queries.append(here)
        self._commit(layout.initial, al.initial, held_out, self._with_mask() - held_out)
        # All are tried: the labels of one are committed even if another is not answered yet.
        fingerprint = self.config.fingerprint()
        done = [answered(here, self.oracle, fingerprint) for here in queries]
        return all(done)

    def _commit(
        self, here: QueryLayout, count: int, excluded: Collection[str], known: Collection[str]
    ) -> None:
        """Commit a query for `known` images, and for others by lot until there are `count`."""

        def choose(draft: Path) -> None:
            left = [i for i in self.pool.ids() if i not in excluded]
            lots = (Pick(i, self._lot(here.name, i)) for i in left if i not in known)
            chosen = [Pick(i, self._lot(here.name, i)) for i in left if i in known]
            chosen += top_k(lots, max(0, count - len(chosen)))
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
        return uniform(query, self.config.seed, image_id)

    def _with_mask(self) -> set[str]:
        """Images whose masks people need not draw."""
        if self.config.oracle != "people":
            return set()
        items = self.config.data.items("train")
        return {item.image_id for item in items if item.label is not None}
