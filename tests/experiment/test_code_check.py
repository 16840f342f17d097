"""A user's network whose code changes: runs, and folders of scores, do not mix the two."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from raysal.engine.build import build_engine
from raysal.errors import RunError
from raysal.experiment.code_check import Code
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.run import run_experiment
from raysal.models.checkpoint import load_model
from raysal.models.config import ModelConfig
from raysal.models.network import network_class
from tests.support import own_network
from tests.support.commands import Raysal
from tests.support.score_folders import Said
from tests.support.tiny_run import queried, tiny, write_config

MODEL = {"name": "python", "factory": "my_nets:make", "stages": ["encoder.2"]}


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the user in the current folder."""
    file = tmp_path / "my_nets.py"
    shutil.copy(str(own_network.__file__), file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_nets", raising=False)
    return file


def edit(file: Path, text: str) -> None:
    """As between two commands: the next one imports the module anew."""
    file.write_text(text)
    sys.modules.pop("my_nets", None)


def run(config: ExperimentConfig, stop: int | None = None) -> Said:
    """Run it until it is over, or has queried `stop` rounds."""
    said = Said()
    rounds = config.al.rounds if stop is None else stop
    cut = config.model_copy(update={"al": config.al.model_copy(update={"rounds": rounds})})
    run_experiment(cut, lambda: build_engine(config.engine), said)
    return said


def small(output: Path, **model: Any) -> ExperimentConfig:
    return tiny(
        output,
        model={"name": "python", **MODEL, **model},
        data={"train": 12, "val": 2, "test": 2},
        train={"epochs": 1},
        al={"initial": 4, "budget": 2, "rounds": 2},
        acquisition={"name": "entropy"},
    )


def test_a_run_and_a_score_folder_whose_network_was_edited(
    nets: Path, tmp_path: Path, raysal: Raysal
) -> None:
    config = small(tmp_path / "runs")
    before = nets.read_text()
    run(config, stop=1)
    layout = RunLayout(config.folder)
    assert Code.read(layout.root).modules.keys() == {"my_nets"}
    model = layout.round(0).model
    digest = load_model(model).digest
    local = ("--set", "engine.name=local")
    score = ("score", model, layout.pool, "--out", tmp_path / "scores", "--acquisition", "entropy")
    raysal(*score, *local).done()

    edit(nets, before.replace(".relu())", ".relu().abs())"))
    assert load_model(model).digest != digest
    raysal(*score, *local).refused("is a score folder of another model")
    file = write_config(tmp_path / "run.yaml", config)
    line = raysal("run", file, "--no-report").refused(
        "the network's code has changed ('my_nets') since", "remove", "code.json"
    )
    assert str(layout.root) in line

    edit(nets, before)
    raysal(*score, *local).done("nothing to do")
    run(config)
    assert [len(ids) for ids in queried(layout.root, 2)] == [4, 2]


def test_the_user_says_that_it_computes_the_same(nets: Path, tmp_path: Path) -> None:
    config = small(tmp_path / "runs")
    run(config, stop=1)
    edit(nets, nets.read_text() + "\n# A remark.\n")
    with pytest.raises(RunError, match="has changed"):
        run(config)
    (config.folder / Code.file).unlink()
    run(config)
    assert RunLayout(config.folder).round(1).record.exists()


def test_until_a_stage_is_finished_it_starts_again(nets: Path, tmp_path: Path) -> None:
    config = small(tmp_path / "runs")
    run(config, stop=1)
    shutil.rmtree(RunLayout(config.folder).rounds)
    edit(nets, nets.read_text() + "\n# A remark.\n")
    said = run(config, stop=1)
    assert any("code has changed ('my_nets'); starting again" in line for line in said.lines)


def test_parts_from_other_files_count_and_what_is_installed_does_not(
    nets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_parts.py").write_text(
        "from torch import nn\n\nclass Head(nn.Conv2d):\n    pass\n"
    )
    monkeypatch.delitem(sys.modules, "my_parts", raising=False)
    edit(nets, nets.read_text().replace("nn.Conv2d(2 * width", "Head(2 * width")
         .replace("from torch import", "from my_parts import Head\nfrom torch import"))  # fmt: skip
    config = ModelConfig.model_validate(MODEL)
    assert network_class(config)(config, 3).code.keys() == {"my_nets", "my_parts"}
    theirs = ModelConfig.model_validate(
        {"name": "python", "factory": "torchvision.models.segmentation:lraspp_mobilenet_v3_large",
         "arguments": {"weights_backbone": None}}
    )  # fmt: skip
    assert network_class(theirs)(theirs, 3).code == {}
    assert network_class(ModelConfig(weights="none"))(ModelConfig(weights="none"), 3).code == {}
