"""Trials of a sweep, and invalid sweep sections with their messages."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from raysal.errors import ConfigError
from raysal.experiment.config import load_experiment
from raysal.sweep.config import Axis
from raysal.sweep.trials import Sweep, load_sweep, short_names, trial_name
from tests.support.paths import ROOT
from tests.support.tiny_sweep import LEVELS, TRIALS, write_sweep

CONFIGS = ROOT / "configs"


def load(tmp_path: Path, sweep: Any, *overrides: str, **changes: Any) -> Sweep:
    return load_sweep(write_sweep(tmp_path / "s.yaml", tmp_path, sweep, **changes), overrides)


def test_every_grid_point_runs_with_every_seed(tmp_path: Path) -> None:
    sweep = load(tmp_path, LEVELS)
    assert [trial.name for trial in sweep.trials] == TRIALS
    assert [trial.config.acquisition.levels for trial in sweep.trials] == [4, 4, 8, 8]
    assert [trial.config.seed for trial in sweep.trials] == [0, 1, 0, 1]
    assert sweep.trials[3].folder == tmp_path / "tiny" / "trials" / "levels=8,seed=1"


def test_two_axes_one_of_which_is_the_strategy(tmp_path: Path) -> None:
    parameters = {"acquisition.name": ["ds", "de"], "train.epochs": {"grid": [1, 2]}}
    sweep = load(tmp_path, {"parameters": parameters})
    names = [trial.name for trial in sweep.trials]
    assert names == [
        f"name={name},epochs={epochs},seed=0"
        for name, epochs in itertools.product(["ds", "de"], [1, 2])
    ]
    # Settings of the strategy in the file are dropped with it.
    load(tmp_path, {"parameters": parameters}, acquisition={"levels": 4, "bins": "unit"})


def test_parameters_override_a_preset(tmp_path: Path) -> None:
    sweep = load(tmp_path, {"parameters": {"preset": ["deal-paper", "deal-code"]}})
    assert [trial.config.optim.nesterov for trial in sweep.trials] == [False, True]
    assert [trial.config.acquisition.bins for trial in sweep.trials] == ["unit", "image_range"]


def test_seeds_alone(tmp_path: Path) -> None:
    sweep = load(tmp_path, {"seeds": [3, 5]})
    assert [trial.name for trial in sweep.trials] == ["seed=3", "seed=5"]


def test_overrides_reach_the_experiment_and_the_sweep(tmp_path: Path) -> None:
    sweep = load(
        tmp_path,
        LEVELS,
        "sweep.seeds=[7]",
        "train.epochs=2",
        "sweep.parameters.acquisition.levels=[3]",
        "sweep.parameters.optim.lr={grid: [1e-3]}",
    )
    assert [trial.name for trial in sweep.trials] == ["levels=3,lr=0.001,seed=7"]
    assert sweep.trials[0].config.train.epochs == 2
    assert sweep.trials[0].config.optim.lr == 0.001


DRAWN = {
    "acquisition.levels": {"int": [2, 9]},
    "optim.lr": {"loguniform": ["1e-4", "1e-1"]},
    "optim.momentum": {"uniform": [0.5, 0.9]},
    "acquisition.bins": {"choice": ["unit", "image_range"]},
}


def test_draws_depend_only_on_the_draw_seed(tmp_path: Path) -> None:
    def values(parameters: dict[str, Any], **sweep: Any) -> list[dict[str, Any]]:
        trials = load(tmp_path, {"parameters": parameters, **sweep}).trials
        return [dict(trial.values) for trial in trials]

    six = values(DRAWN, samples=6)
    assert len({str(value) for value in six}) == 6
    assert six == values(DRAWN, samples=6)
    assert six[:3] == values(DRAWN, samples=3)
    assert six != values(DRAWN, samples=6, draw_seed=1)
    # All seeds and all points of a grid get the same draws.
    assert values(DRAWN, samples=3, seeds=[0, 1])[::2] == six[:3]
    with_grid = values({"train.epochs": [1, 2], **DRAWN}, samples=3)
    for epochs, start in ((1, 0), (2, 3)):
        assert with_grid[start : start + 3] == [{"train.epochs": epochs, **v} for v in six[:3]]


@pytest.mark.parametrize(
    ("axis", "low", "middle", "high"),
    [
        ({"int": [2, 5]}, 2, 4, 5),
        ({"uniform": [0.0, 4.0]}, 0.0, 2.0, 4.0),
        ({"loguniform": [1e-4, 1.0]}, 1e-4, 1e-2, 1.0),
        ({"choice": ["a", "b", "c"]}, "a", "b", "c"),
    ],
)
def test_draws_span_their_range(axis: Any, low: Any, middle: Any, high: Any) -> None:
    draw = Axis.model_validate(axis).draw
    assert [draw(number) for number in (0.0, 0.5, 1 - 1e-12)] == [low, middle, high]


def test_equal_draws_are_one_trial(tmp_path: Path) -> None:
    parameters = {"acquisition.bins": {"choice": ["unit", "image_range"]}}
    trials = load(tmp_path, {"parameters": parameters, "samples": 9}).trials
    assert sorted(trial.name for trial in trials) == ["bins=image_range,seed=0", "bins=unit,seed=0"]


def test_short_names_are_unique() -> None:
    paths = ("acquisition.levels", "a.size", "b.size", "noise.seed")
    assert list(short_names(paths).values()) == ["levels", "a.size", "b.size", "noise.seed"]


def test_trial_names_are_folder_names_that_differ() -> None:
    values = [1, 1.5, True, None, "a b", "a/b", "a_b", {"x": 1}, [1, 2], "../..", "é"]
    names = [trial_name({"v": value}, 0) for value in values]
    assert len(set(names)) == len(names)
    assert not [name for name in names if set(name) & set("/ {}[]\"'")]
    assert names[:3] == ["v=1,seed=0", "v=1.5,seed=0", "v=true,seed=0"]
    long = [trial_name({f"parameter{i}": 0.123456789 + s for i in range(30)}, s) for s in (0, 1)]
    assert long[0] != long[1]
    assert max(map(len, long)) <= 120


def parameters(**values: Any) -> dict[str, Any]:
    return {"parameters": {key.replace("__", "."): value for key, value in values.items()}}


@pytest.mark.parametrize(("sweep", "message"), [
    (parameters(acquisition__levles=[1]),
     "trial levles=1,seed=0: unknown key 'acquisition.levles'; did you mean 'levels'?"),
    (parameters(trian__epochs=[1]), "unknown key 'trian'; did you mean 'train'?"),
    ({"seeds": list(range(400)), **parameters(train__epochs=list(range(1, 400)))},
     "sweep has 159600 trials; at most 100000 are possible"),
    ({"samples": 100_001, **parameters(train__epochs={"int": [1, 9]})},
     "sweep.samples: Input should be less than or equal to 100000"),
    ({"seeds": [True]}, "sweep.seeds: Input should be a number, not true or false"),
    (parameters(train__epochs={"int": [1, 2**63]}), "values: Input should be a number of 64 bits"),
    (parameters(acquisition__levels=[4, 0]),
     "trial levels=0,seed=0: acquisition.levels: Input should be greater than 0 (got 0)"),
    (parameters(al__budget_unit=["images", "regions"]), "trial budget_unit=regions,seed=0"),
    (parameters(acquisition__levels={"unifrm": [1, 2]}), "did you mean 'uniform'?"),
    (parameters(acquisition__levels=7), "sweep.parameters.acquisition.levels: write a list"),
    (parameters(acquisition__levels=[]), "grid needs a list of values"),
    (parameters(acquisition__levels=[4, 4]), "grid has 4 twice"),
    (parameters(acquisition__levels={"int": [1, 2.5]}), "int needs two whole numbers"),
    (parameters(acquisition__levels={"int": [9, 2]}), "the first of [9, 2] must be the lower"),
    (parameters(optim__lr={"loguniform": [0, 1]}), "loguniform needs numbers above 0"),
    (parameters(optim__lr={"uniform": [1]}), "uniform needs two numbers"),
    (parameters(seed=[0, 1]), "seeds go into sweep.seeds"),
    (parameters(engine__threads=[1]), "engine.threads does not change what is computed"),
    (parameters(name=["a"]), "name does not change what is computed"),
    ({"metric": "final_iou"}, "sweep.metric: unknown 'final_iou'; did you mean 'final_miou'?"),
    ({"metric": "loss"}, "sweep.metric: unknown 'loss'; known: auc_miou, final_miou, miou_at"),
    ({"metric": "miou_at"}, "sweep.at is the cost of metric miou_at"),
    ({"at": {"images": 6}}, "sweep.at is the cost of metric miou_at"),
    ({"metric": "miou_at", "at": {"images": 9}},
     "trial seed=0: sweep.at is 9 images, but its rounds are trained on 4 to 8"),
    ({"metric": "miou_at", "at": {"imges": 9}}, "unknown key 'sweep.at.imges'; did you mean"),
    ({"metric": "miou_at", "at": {"images": 5, "clicks": 9}}, "give one of images, regions"),
    ({"seedz": [0]}, "unknown key 'sweep.seedz'; did you mean 'seeds'?"),
    ({"seeds": [0, 0]}, "sweep.seeds has a seed twice"),
    ({"seeds": []}, "sweep.seeds"),
    ({"samples": 3}, "sweep.samples needs a parameter that is drawn"),
    ({"scheduler": "ahsa"}, "sweep.scheduler: unknown 'ahsa'; did you mean 'asha'?"),
    ({"concurrency": 0}, "sweep.concurrency: Input should be greater than 0"),
    (3, "sweep: Input should be a valid dictionary"),
])  # fmt: skip
def test_refused(tmp_path: Path, sweep: Any, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, sweep)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 's.yaml'}: ")
    assert "\n" not in str(refused.value)


def test_mistakes_outside_the_sweep_section_do_not_name_a_trial(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"s.yaml: unknown key 'train.epoch'; did you mean"):
        load(tmp_path, LEVELS, train={"epoch": 3})
    with pytest.raises(ConfigError, match=r"s.yaml: seed: a sweep takes its seeds from"):
        load(tmp_path, LEVELS, seed=3)
    with pytest.raises(ConfigError, match=r"s.yaml: name: String should match"):
        load(tmp_path, LEVELS, name="a/b")


def test_run_and_sweep_point_to_each_other(tmp_path: Path) -> None:
    path = write_sweep(tmp_path / "s.yaml", tmp_path)
    with pytest.raises(ConfigError, match=r"run it with `raysal sweep .*s.yaml`"):
        load_experiment(path)
    with pytest.raises(ConfigError, match="has no sweep: section"):
        load_sweep(CONFIGS / "quickstart.yaml")


SWEEPS = [path for path in sorted(CONFIGS.glob("*.yaml")) if "\nsweep:" in path.read_text()]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.name)
def test_shipped_sweeps_load(path: Path) -> None:
    sweep = load_sweep(path)
    assert sweep.name == path.stem
    assert len(sweep.trials) > 1
    opening = list(itertools.takewhile(lambda x: x.startswith("#"), path.read_text().splitlines()))
    assert any(f"raysal sweep configs/{path.name}" in line for line in opening)
