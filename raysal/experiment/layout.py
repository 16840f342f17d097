"""Folders and files of a run.

    runs/<name>/
      config.yaml  environment.json  data-identity.parquet
      code.json                     of a user's own network, see `code_check`
      corrections.json              with `data.corrections`: what was corrected, and by whom
      configs/                      every configuration that the run has had, and which of them it
                                    went on with last, see `changeable`
      pool/                         Parquet pool
      test/ val/                    images drawn by lot to measure on: query/ labels/
      initial/                      first labelled set: (features/) query/ labels/
      rounds/000/                   one folder per finished stage, see `RoundLayout`
      answers/                      of people, one `AnswerStore` for each query
      annotate/                     of the labelling tool: who is invited, what it has prepared
      report/  review/

Every finished stage holds `stage.json` (`Stamp`). What else it holds is declared beside the code
that writes it: `Metrics`, `Record`, `TrainReport`, `write_query`, `write_labels`, `save_model`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from raysal.data import LABELS_FILE
from raysal.models import MODEL_FILE

STAMP = "stage.json"
QUERY_FILE = "query.parquet"
METRICS_FILE = "metrics.json"
CALIBRATION_FILE = "calibration.json"
RECORD_FILE = "record.json"
ANSWERED_FILE = "answered.json"
REVIEW_FILE = "review.json"
INITIAL = "initial"
# In a trial of a sweep.
FINISHED_FILE = "finished.json"


@dataclass(frozen=True)
class QueryLayout:
    """A query, and the labels that answer it."""

    folder: Path

    @property
    def name(self) -> str:
        """By which people's answers are stored: `test`, `val`, `initial`, `round-000`."""
        return self.folder.name

    @property
    def query(self) -> Path:
        """Stage: the images or regions to label."""
        return self.folder / "query"

    @property
    def query_file(self) -> Path:
        """See `write_query`."""
        return self.query / QUERY_FILE

    @property
    def labels(self) -> Path:
        """Stage: the annotator's labels."""
        return self.folder / "labels"

    @property
    def labels_file(self) -> Path:
        """See `write_labels`."""
        return self.labels / LABELS_FILE

    @property
    def answered_file(self) -> Path:
        """If people have answered: see `AnsweredQuery`."""
        return self.labels / ANSWERED_FILE

    def all_stages(self) -> list[Path]:
        """The folders of all stages in order, whether they exist or not."""
        return [self.query, self.labels]


@dataclass(frozen=True)
class InitialLayout(QueryLayout):
    """The stages of the first labelled set."""

    @property
    def features(self) -> Path:
        """Stage, unless the images are drawn by lot: parts with the features of all images."""
        return self.folder / "features"

    def all_stages(self) -> list[Path]:
        """The folders of all stages in order, whether they exist or not."""
        return [self.features, self.query, self.labels]


@dataclass(frozen=True)
class RoundLayout(QueryLayout):
    """The stages of one round; the last round of an experiment has only model, metrics, record."""

    @property
    def name(self) -> str:
        """As of any query."""
        return f"round-{self.folder.name}"

    @property
    def model(self) -> Path:
        """Stage: the trained model."""
        return self.folder / "model"

    @property
    def model_file(self) -> Path:
        """See `save_model`."""
        return self.model / MODEL_FILE

    @property
    def metrics(self) -> Path:
        """Stage: how good the model is."""
        return self.folder / "metrics"

    @property
    def adversary(self) -> Path:
        """Stage, for strategies that read an adversary: the trained one."""
        return self.folder / "adversary"

    @property
    def scores(self) -> Path:
        """Stage: score parts of the candidates."""
        return self.folder / "scores"

    @property
    def regions(self) -> Path:
        """Stage, if regions are queried: region parts of the best-scored images."""
        return self.folder / "regions"

    @property
    def extended(self) -> Path:
        """Stage, if labels are extended: the extended labels."""
        return self.folder / "extended"

    @property
    def record(self) -> Path:
        """Stage, the last of each round: the summary of the round."""
        return self.folder / "record"

    def stages(self) -> dict[str, Path]:
        """The finished stages before `record`, in order, by the name of the step in records."""
        return {step: folder for step, folder in self._steps().items() if folder.exists()}

    def query_stages(self) -> list[Path]:
        """The folders of the stages that make the query, in order, whether they exist or not."""
        return [self.adversary, self.scores, self.regions, self.query]

    def all_stages(self) -> list[Path]:
        """The folders of all stages in order, `record` last, whether they exist or not."""
        return [*self._steps().values(), self.record]

    def _steps(self) -> dict[str, Path]:
        return {
            "train": self.model,
            "evaluate": self.metrics,
            "adversary": self.adversary,
            "score": self.scores,
            "regions": self.regions,
            "select": self.query,
            "annotate": self.labels,
            "extend": self.extended,
        }


@dataclass(frozen=True)
class RunLayout:
    """`runs/<name>`."""

    root: Path

    @property
    def config(self) -> Path:
        """The configuration, all defaults filled in."""
        return self.root / "config.yaml"

    @property
    def environment(self) -> Path:
        """Versions and hardware."""
        return self.root / "environment.json"

    @property
    def data_identity(self) -> Path:
        """Ids and contents of the images and masks of all splits, see `write_identity`."""
        return self.root / "data-identity.parquet"

    @property
    def configs(self) -> Path:
        """Every configuration that the run has had."""
        return self.root / "configs"

    def kept_configs(self) -> list[Path]:
        """The files that raysal made in `configs`."""
        names = re.compile(r"[0-9a-f]{32}\.yaml|current")
        return [path for path in self.configs.glob("*") if names.fullmatch(path.name)]

    def kept_config(self, fingerprint: str) -> Path:
        """A copy of a configuration that the run has had."""
        return self.configs / f"{fingerprint}.yaml"

    @property
    def current_config(self) -> Path:
        """The fingerprint of the configuration that the run last went on with."""
        return self.configs / "current"

    @property
    def pool(self) -> Path:
        """The Parquet pool."""
        return self.root / "pool"

    @property
    def test(self) -> QueryLayout:
        """Test images drawn by lot (`al.test`); there are none without that setting."""
        return QueryLayout(self.root / "test")

    @property
    def val(self) -> QueryLayout:
        """Validation images drawn by lot (`al.val`)."""
        return QueryLayout(self.root / "val")

    @property
    def initial(self) -> InitialLayout:
        """The first labelled set."""
        return InitialLayout(self.root / INITIAL)

    @property
    def first_queries(self) -> tuple[QueryLayout, ...]:
        """The queries before round 0, in order."""
        return (self.test, self.val, self.initial)

    @property
    def answers(self) -> Path:
        """People's answers, as they came in."""
        return self.root / "answers"

    @property
    def annotate(self) -> Path:
        """Of the labelling tool: who is invited, and what it has prepared."""
        return self.root / "annotate"

    @property
    def rounds(self) -> Path:
        """All rounds."""
        return self.root / "rounds"

    @property
    def report(self) -> Path:
        """Figures, tables and a page."""
        return self.root / "report"

    @property
    def review(self) -> Path:
        """Labels that are probably wrong, see `raysal.review`."""
        return self.root / "review"

    def round(self, index: int) -> RoundLayout:
        """One round, counted from 0."""
        return RoundLayout(self.rounds / f"{index:03d}")

    def recorded_rounds(self) -> list[RoundLayout]:
        """All rounds that have a record, in order."""
        rounds = map(RoundLayout, sorted(self.rounds.iterdir()))
        return [here for here in rounds if (here.record / RECORD_FILE).exists()]

    def round_in_progress(self) -> RoundLayout | None:
        """The round after those that have a record, if its model was measured: its query is being
        made, or waits for answers. None if there is none."""
        index = 0
        while (self.round(index).record / RECORD_FILE).exists():
            index += 1
        here = self.round(index)
        return here if (here.metrics / STAMP).exists() else None

    def queries(self, before_round: int) -> tuple[QueryLayout, ...]:
        """The queries whose labels the model of a round is trained on, the initial one first."""
        return (self.initial, *(self.round(index) for index in range(before_round)))

    def all_queries(self, before_round: int) -> tuple[QueryLayout, ...]:
        """As `queries`, with those of the images to measure on."""
        return (self.test, self.val, *self.queries(before_round))

    def query_folders(self, before_round: int) -> tuple[Path, ...]:
        """The `query` folders of `queries`."""
        return tuple(answered.query for answered in self.queries(before_round))

    def label_folders(self, before_round: int) -> tuple[Path, ...]:
        """The `labels` folders of `queries`."""
        return tuple(answered.labels for answered in self.queries(before_round))

    def extended(self, before_round: int) -> tuple[Path, ...]:
        """The extended labels that the model of a round is trained on.

        Only those of the preceding round, because each round recomputes them from the annotator's
        labels.
        """
        folder = self.round(before_round - 1).extended
        return (folder,) if before_round > 0 and folder.exists() else ()
