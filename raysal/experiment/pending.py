"""Queries that wait for answers."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raysal.experiment.annotators import Patience, oracle_of
from raysal.experiment.answered import read_answered, unfinished_words, words_of
from raysal.experiment.changeable import settings_of
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import QueryLayout, RunLayout
from raysal.experiment.oracle import Oracle
from raysal.experiment.own_files import rounds_on_disk
from raysal.experiment.people import PeopleOracle
from raysal.experiment.query import Ask, by_image, read_query
from raysal.experiment.stage import is_finished, once
from raysal.progress import Watch

KINDS = {"test": "test images", "val": "validation images", "initial": "initial images"}


@dataclass(frozen=True)
class Pending:
    """A query without labels.

    Attributes:
        oracle: who answers it.
    """

    here: QueryLayout
    asks: tuple[Ask, ...]
    oracle: Oracle

    def unanswered(self) -> Sequence[str]:
        """Ids of the images that are still to be labelled, in the order of the query."""
        return self.oracle.unanswered(self.here.name, self.asks)

    @property
    def images(self) -> int:
        """Number of images that the query asks for."""
        return len(by_image(self.asks))

    def __str__(self) -> str:
        left = f"{len(self.unanswered())} of {self.images} "
        if self.here.name in KINDS:
            return left + name_of(self.here)
        regions = "" if all(ask.cost.images == 1 for ask in self.asks) else f"{len(self.asks)} "
        what = f"images with {regions}regions" if regions else "images"
        return f"{left}{what} of {name_of(self.here)}"

    def unfinished(self) -> Counter[str]:
        """Number of images whose answers are drafts (`draft`), or wait for review (`review`)."""
        if isinstance(self.oracle, PeopleOracle):
            return self.oracle.unfinished(self.here.name, self.asks)
        return Counter()


def answered(here: QueryLayout, oracle: Oracle, fingerprint: str, watch: Watch) -> bool:
    """Commit the labels of a query if all answers are there; whether they are.

    What is given back, and what counts though it is not finished, is said.

    Raises:
        DataError: an answer or a mask is damaged.
    """
    if is_finished(here.labels):
        return True
    asks = read_query(here.query)
    if oracle.unanswered(here.name, asks):
        return False
    once(here.labels, lambda draft: oracle.label(here.name, asks, draft), fingerprint=fingerprint)
    for words in words_of(read_answered(here)):
        watch.say(f"{name_of(here)}: {words}")
    return True


def name_of(here: QueryLayout) -> str:
    """What a query is called in messages."""
    return KINDS[here.name] if here.name in KINDS else f"round {int(here.folder.name)}"


def open_queries(
    layout: RunLayout, config: ExperimentConfig, patience: Patience = "end"
) -> tuple[Pending, ...]:
    """The queries whose labels the run has not taken yet, in the order in which they should be
    labelled; the answers may be complete already, and may still be corrected.

    Raises:
        DataError: a query, or the settings that it was begun with, is damaged.
    """
    found = []
    # The last round makes no query; `al.rounds` may have been lowered since one was made.
    rounds = rounds_on_disk(layout)[: config.al.rounds - 1]
    for here in (*layout.first_queries, *rounds):
        if here.query_file.exists() and not here.labels.exists():
            oracle = oracle_of(settings_of(here, layout, config), layout, patience)
            found.append(Pending(here, tuple(read_query(here.query)), oracle))
    return tuple(found)


def pending_queries(
    layout: RunLayout, config: ExperimentConfig, patience: Patience = "end"
) -> tuple[Pending, ...]:
    """The open queries of which answers are missing, for which the run waits."""
    return tuple(query for query in open_queries(layout, config, patience) if query.unanswered())


def how_to_answer(root: Path, queries: Sequence[Pending]) -> list[str]:
    """Lines for the user: what a run waits for, and the commands to answer it."""
    left, run = ", ".join(map(str, queries)), shlex.quote(str(root))
    some = unfinished_words(sum((query.unfinished() for query in queries), Counter()))
    return [
        f"{root} waits for labels: {left}",
        *([f"  of these, {some}"] if some else []),
        f"  label them here:   raysal annotate {run}",
        f"  or hand them out:  raysal ask {run} --as png --out TO_LABEL  (or coco, cvat, ...)",
        f"  take labels back:  raysal answer {run} TO_LABEL",
    ]
