"""An engine is added by one line in the registry, and nothing else knows engines by name."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from raysal.engine.build import build_engine, engine_info, parallel_engines, simulated_nodes
from raysal.engine.config import EngineConfig
from raysal.engine.registry import DEFAULT, ENGINES
from raysal.errors import ConfigError
from raysal.experiment.config import load_experiment
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from raysal.sweep.run import run_sweep
from raysal.sweep.trials import load_sweep
from tests.support.noting_engine import NotingEngine
from tests.support.paths import ROOT
from tests.support.tiny_run import GOLDEN, queried, tiny, write_config
from tests.support.tiny_sweep import write_sweep


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third engine, until the test ends."""
    monkeypatch.setitem(ENGINES, "noting", "tests.support.noting_engine")


@pytest.mark.usefixtures("noting")
def test_an_engine_is_added_by_one_line(tmp_path: Path) -> None:
    tiny_random = {"acquisition": {"name": "random"}, "train": {"epochs": 1}}
    config = tiny(tmp_path, engine={"name": "noting"}, **tiny_random)
    engines: list[NotingEngine] = []

    def build() -> NotingEngine:
        engine = build_engine(config.engine)
        assert isinstance(engine, NotingEngine)
        engines.append(engine)
        return engine

    run_experiment(config, build, Silent())
    assert queried(config.folder, 3) == GOLDEN
    (engine,) = engines
    assert {"TrainJob", "ScoreJob", "EvaluateJob"} <= set(engine.noted)
    assert engine.noted[-1] == "close"


@pytest.mark.usefixtures("noting")
def test_what_it_cannot_do_is_refused(tmp_path: Path) -> None:
    """The messages follow from what the engine says of itself."""
    path = write_sweep(tmp_path / "s.yaml", tmp_path, engine={"name": "noting"})
    with pytest.raises(
        ConfigError,
        match=r"engine.name=noting runs trials one after the other.*need engine.name=ray$",
    ):
        run_sweep(load_sweep(path, ["sweep.concurrency=2"]), Silent())
    with pytest.raises(ConfigError, match=r"engine.name=noting cannot simulate"):
        simulated_nodes(EngineConfig(name="noting"), 2, 1)


@pytest.mark.usefixtures("noting")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("notin", "engine.name: unknown 'notin'; did you mean 'noting'?"),
        ("dask", "engine.name: unknown 'dask'; known: local, noting, ray"),
        ("[ray]", "engine.name: unknown '['ray']'; did you mean 'ray'?"),
    ],
)
def test_an_unknown_name(tmp_path: Path, name: str, message: str) -> None:
    path = write_config(tmp_path / "e.yaml", tiny(tmp_path))
    with pytest.raises(ConfigError) as caught:
        load_experiment(path, [f"engine.name={name}"])
    assert str(caught.value) == f"{path}: {message}"


def test_names_are_those_of_the_registry() -> None:
    assert EngineConfig().name == DEFAULT
    assert [EngineConfig(name=name).name for name in ENGINES] == list(ENGINES)
    with pytest.raises(ValueError, match="Input should be"):
        EngineConfig(name="noting")
    assert parallel_engines() == ["ray"]


def test_a_description_loads_neither_ray_nor_torch() -> None:
    code = (
        "import sys\n"
        "from raysal.engine.build import engine_info\n"
        "from raysal.engine.registry import ENGINES\n"
        "print([engine_info(name).parallel_trials for name in ENGINES])\n"
        "print([name for name in ('ray', 'torch') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[False, True]", "[]"]


def compared_names(path: Path) -> list[str]:
    """Comparisons with an engine's name in a module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) and side.value in ENGINES for side in sides):
                found.append(f"{path}:{node.lineno}")
    return found


def test_nothing_compares_names() -> None:
    """What an engine can do is asked of its description."""
    assert [hit for path in (ROOT / "raysal").rglob("*.py") for hit in compared_names(path)] == []


def test_every_engine_is_complete() -> None:
    for name in ENGINES:
        info = engine_info(name)
        assert callable(info.build)
        assert callable(info.run_experiments)
        assert info.distributed or not info.parallel_trials
