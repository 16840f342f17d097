"""Damaged files end in one line or in the right result: never in a traceback or in other picks.

Every kind of file of a run, a run that people label, a sweep, a pool, a score folder and a query is
damaged in five ways at random places. The fast suite has a share of the cases, the slow one all.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from raysal.annotate.of_run import asked_of
from raysal.cli.main import main
from raysal.cli.terminal import Terminal
from raysal.data.answers import Answer
from raysal.data.decode import decode_mask
from raysal.data.sets.folder import Folder
from raysal.engine import local
from raysal.engine.judgements import Judgement, add_judgement
from raysal.errors import RaysalError, one_line
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.experiment.record import Record
from tests.support.commands import Raysal, experiment
from tests.support.damaging import WAYS, files_of
from tests.support.fake_datasets import fake_folder
from tests.support.tiny_sweep import write_sweep

CASES = {"run": 60, "interrupted": 40, "sweep": 40, "pool": 20, "scores": 20, "query": 20,
         "predictions": 40, "people": 30}  # fmt: skip
FAST_EVERY = 10
LOCAL = ("--set", "engine.name=local")


class Stopped(BaseException):
    """Stands for the end of the process."""


@contextmanager
def stopped_at(task: str) -> Iterator[None]:
    """While the block runs, the process ends when it begins this task."""
    begin = Terminal.start

    def start(self: Terminal, what: str, total: int | None) -> None:
        if what == task:
            raise Stopped
        begin(self, what, total)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Terminal, "start", start)
        yield


def call(*arguments: object) -> None:
    """`raysal` in this process, for making what is damaged; a good end is expected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["raysal", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code, arguments


@dataclass(frozen=True)
class Made:
    """Whole ones of everything, in two versions: files of `b` replace those of `a`.

    Version `a` is damaged where it was made, as configurations hold absolute paths.
    """

    root: Path


def make(root: Path, seed: int) -> None:
    """One version: a run, one interrupted before its second training, a sweep, and so on."""
    root.mkdir(parents=True)
    data = fake_folder(root / "data")
    for name in ("run", "interrupted"):
        values = {**experiment(data, root), "name": name, "seed": seed}
        (root / f"{name}.yaml").write_text(yaml.safe_dump(values))
    call("run", root / "run.yaml", "--no-report")
    with stopped_at("round 0: score"), pytest.raises(Stopped):
        call("run", root / "interrupted.yaml", "--no-report")
    make_people(root, data, seed)
    make_sweep(root, seed)
    call("pool", "build", data.images, root / "pool")
    model = root / "run" / "rounds" / "000" / "model"
    call("score", model, root / "pool", "--out", root / "scores", *LOCAL)
    call("select", root / "scores", "--budget", 2 + seed, "--out", root / "query")
    call("predict", model, data.images, "--out", root / "predictions", *LOCAL)


def make_people(root: Path, data: Folder, seed: int) -> None:
    """A run that was given more rounds, and waits; one image of what it asks for is labelled."""
    values = {**experiment(data, root), "name": "people", "seed": seed, "oracle": "people"}
    values["data"] |= {"masks": None, "lists": None}
    values["al"] |= {"test": 2}
    (root / "people.yaml").write_text(yaml.safe_dump(values))

    def answer(most: int | None = None) -> None:
        asked = asked_of(root / "people")
        for image in asked.images[:most]:
            mask = decode_mask((Path(str(data.masks)) / f"{image.image_id}.png").read_bytes())
            asked.store(image).save(Answer(image.image_id, mask, "Ann", "test"))

    for _ in range(2):
        call("run", root / "people.yaml", "--no-report")
        answer()
    call("run", root / "people.yaml", "--no-report")
    values["al"] |= {"rounds": 3}
    (root / "people.yaml").write_text(yaml.safe_dump(values))
    call("run", root / "people.yaml", "--no-report")
    answer(most=1)


def make_sweep(root: Path, seed: int) -> None:
    """One trial that is finished, and one that ASHA has stopped after its first round."""
    sweep: dict[str, Any] = {"parameters": {"acquisition.levels": [4]}, "seeds": [seed]}

    def write(levels: list[int], **more: object) -> None:
        there_are = {**sweep, "parameters": {"acquisition.levels": levels}, **more}
        changes: dict[str, Any] = {"al": {"rounds": 2, "initial": 4, "budget": 4}, "name": "sweep"}
        write_sweep(root / "sweep.yaml", root, there_are, **changes)

    write([4])
    call("sweep", root / "sweep.yaml", "--no-report")
    write([4, 8])
    with stopped_at("round 1: train"), pytest.raises(Stopped):
        call("sweep", root / "sweep.yaml", "--no-report")
    for level, action in ((4, "CONTINUE"), (8, "STOP")):
        about = {"trial": f"levels={level},seed={seed}", "round": 1, "metric": "final_miou"}
        judgement = Judgement.model_validate({**about, "value": 1 / level, "action": action})
        add_judgement(root / "sweep" / "asha.jsonl", judgement)
    write([4, 8], scheduler="asha")
    with parallel_trials():
        call("sweep", root / "sweep.yaml", "--no-report")


@contextmanager
def parallel_trials() -> Iterator[None]:
    """The engine in this process says that it has a scheduler, whose log can be damaged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "INFO", replace(local.INFO, parallel_trials=True))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("made")
    for seed, name in enumerate("ab"):
        make(root / name, seed)
    return Made(root)


def run_picks(folder: Path) -> list[Any]:
    layout = RunLayout(folder)
    picks = [[(a.image_id, a.score) for a in read_query(f)] for f in layout.query_folders(1)]
    return [*picks, Record.read(layout.round(0).record).miou]


def query_picks(folder: Path) -> list[Any]:
    return [(ask.image_id, ask.score) for ask in read_query(folder)]


def scores(folder: Path) -> list[Any]:
    parts = sorted(folder.glob("part-*.parquet"))
    return [(row["image_id"], row["score"]) for p in parts for row in pq.read_table(p).to_pylist()]


def use_run(raysal: Raysal, root: Path) -> Any:
    """Resume a run that is finished."""
    raysal("run", root / "run.yaml", "--no-report").done()
    return run_picks(root / "run")


def use_report(raysal: Raysal, root: Path) -> Any:
    """Report on a run; it reads what resuming does not."""
    raysal("report", root / "run", "--out", root / "report").done()
    return (root / "report" / "rounds.csv").read_bytes()


def use_interrupted(raysal: Raysal, root: Path) -> Any:
    """Resume a run whose next step is scoring."""
    with stopped_at("round 1: train"), pytest.raises(Stopped):
        raysal("run", root / "interrupted.yaml", "--no-report").done()
    return run_picks(root / "interrupted")


def use_people(raysal: Raysal, root: Path) -> Any:
    """Look after a run that people label: it waits for the same query."""
    raysal("run", root / "people.yaml", "--no-report").done("waits for labels")
    raysal("ask", root / "people", "--answered", "--out", root / "out").done()
    asked = sorted(path.name for path in (root / "out" / "images").iterdir())
    return run_picks(root / "people"), asked


def use_sweep(raysal: Raysal, root: Path) -> Any:
    with parallel_trials():
        raysal("sweep", root / "sweep.yaml", "--no-report").done()
    rows = pq.read_table(root / "sweep" / "results.parquet").to_pylist()
    return rows, [run_picks(trial) for trial in sorted((root / "sweep" / "trials").iterdir())]


def use_pool(raysal: Raysal, root: Path) -> Any:
    model = root / "run" / "rounds" / "000" / "model"
    raysal("score", model, root / "pool", "--out", root / "new", *LOCAL).done()
    return scores(root / "new")


def use_scores(raysal: Raysal, root: Path) -> Any:
    raysal("select", root / "scores", "--budget", 3, "--out", root / "new").done()
    return query_picks(root / "new")


def use_query(raysal: Raysal, root: Path) -> Any:
    exclude = ("--exclude", root / "query")
    raysal("select", root / "scores", "--budget", 3, "--out", root / "new", *exclude).done()
    return query_picks(root / "new")


def use_predictions(raysal: Raysal, root: Path) -> Any:
    """Predict again; masks and overlays that are there are not read."""
    model = root / "run" / "rounds" / "000" / "model"
    out = root / "predictions"
    raysal("predict", model, root / "data" / "images", "--out", out, *LOCAL).done()
    table = pq.read_table(out / "predictions.parquet").to_pylist()
    return table, sorted(path.relative_to(out) for path in out.glob("*/town*/*"))


USES: dict[str, tuple[Callable[[Raysal, Path], Any], ...]] = {
    "run": (use_run, use_run, use_report),
    "interrupted": (use_interrupted,),
    "people": (use_people,),
    "sweep": (use_sweep,),
    "pool": (use_pool,),
    "scores": (use_scores,),
    "query": (use_query,),
    "predictions": (use_predictions,),
}
ALL = [(kind, number) for kind, count in CASES.items() for number in range(count)]


@pytest.fixture(scope="module")
def results() -> dict[Any, Any]:
    return {}


def check(kind: str, number: int, raysal: Raysal, made: Made, results: dict[Any, Any]) -> None:
    """One case: damage one file in one way, and use what it belongs to."""
    root, whole = made.root / "a", made.root / "whole"
    if not whole.exists():
        shutil.copytree(root, whole)
    use = USES[kind][number % len(USES[kind])]

    def restore() -> None:
        shutil.rmtree(root)
        shutil.copytree(whole, root)

    if use not in results:
        results[use] = use(raysal, root)
        restore()
    draw = random.Random(f"{kind} {number}")
    names = files_of(root / kind)
    random.Random(kind).shuffle(names)
    name = names[number % len(names)]
    way = WAYS[(number + number // len(names)) % len(WAYS)]
    other = made.root / "b" / kind / name
    way(root / kind / name, other if other.exists() else whole / kind / name, draw)
    about = f"{kind}/{name} {way.__name__}, then {use.__name__}"
    found = line = None
    try:
        found = use(Refusable(raysal), root)
    except RefusedError as refused:
        line = refused.line
    except RaysalError as error:  # Of a query that only this test reads.
        line = f"{one_line(error)}\n"
    finally:
        restore()
    if line is None:
        assert found == results[use], about
    else:
        assert line.count("\n") == 1, (about, line)
        assert len(line) < 1000, about


class RefusedError(Exception):
    """A command that ended with one line."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


class Refusable:
    """As the fixture `raysal`, but a command that is refused raises `RefusedError`."""

    def __init__(self, raysal: Raysal) -> None:
        self.raysal = raysal

    def __call__(self, *arguments: object) -> Any:
        ended = self.raysal(*arguments)
        if ended.status:
            raise RefusedError(ended.refused())
        return ended


@pytest.mark.parametrize(("kind", "number"), ALL[::FAST_EVERY])
def test_a_share_of_the_cases(
    kind: str, number: int, raysal: Raysal, made: Made, results: dict[Any, Any]
) -> None:
    check(kind, number, raysal, made, results)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", CASES)
def test_all_cases(kind: str, raysal: Raysal, made: Made, results: dict[Any, Any]) -> None:
    """270 in all."""
    assert len(ALL) == 270
    for number in range(CASES[kind]):
        check(kind, number, raysal, made, results)
