"""Every figure of the papers has a command, and its configuration has the paper's numbers."""

from __future__ import annotations

import inspect
import re
import shlex
from typing import Any

import pytest

from raysal.cli.show import show
from raysal.experiment.config import ExperimentConfig
from raysal.sweep.trials import Sweep, load_sweep
from tests.support.paths import ROOT

CONFIGS = ROOT / "configs"
TABLE = (CONFIGS / "README.md").read_text()
COMMANDS = re.findall(r"`raysal sweep (configs/.*?)`", TABLE)
DRN = "deeplabv3plus_drn_d_54"
MOBILENET = "deeplabv3plus_mobilenet_v2"

# Labelled images of each round, in image equivalents, as on the papers' axes (DEAL, section 4.1:
# 10, 15, ..., 40 % are 40, 60, ..., 160 and 300, 450, ..., 1200 images).
CAMVID = [40, 60, 80, 100, 120, 140, 160]
CITYSCAPES = [300, 450, 600, 750, 900, 1050, 1200]
CPRAL_CITYSCAPES = [200, 400, 600, 800, 1000]
CPRAL_40 = [200, 240, 280, 320, 360]
CPRAL_BDD100K = [400, 800, 1200, 1600, 2000, 2400]


def commands() -> dict[str, Sweep]:
    """The sweep of each command of the table, by its name."""
    found = {}
    for command in dict.fromkeys(COMMANDS):
        file, *words = shlex.split(command)
        assert words[::2] == ["--set"] * (len(words) // 2)
        overrides = [*words[1::2], "data.root=elsewhere"]
        sweep = load_sweep(ROOT / file, overrides)
        found[sweep.name] = sweep
    return found


@pytest.fixture(scope="module")
def sweeps() -> dict[str, Sweep]:
    return commands()


def points(c: ExperimentConfig) -> list[int]:
    assert c.al.initial != "all"
    assert c.al.budget_unit == "images"
    return [c.al.initial + c.al.budget * index for index in range(c.al.rounds)]


def variants(sweep: Sweep) -> dict[str, ExperimentConfig]:
    """One trial of each variant, without the run on all images."""
    found = {str(t.values["variant"]): t.config for t in sweep.trials}
    if (full := found.pop("Full", None)) is not None:
        assert (full.al.initial, full.al.rounds, full.rga) == ("all", 1, None)
    return found


def test_every_sweep_of_a_paper_is_in_the_table_and_has_its_command(
    sweeps: dict[str, Sweep],
) -> None:
    names = {path.name for path in CONFIGS.glob("*_fig*.yaml")}
    assert len(names) == 11
    assert names <= {command.split()[0].removeprefix("configs/") for command in COMMANDS}
    for name in names:
        head = (CONFIGS / name).read_text().partition("\nname:")[0]
        for part in ("# Needs  ", "# Time  ", "# Result  "):
            assert part in head, (name, part)
        # Those with --set as well, which are written with other file and folder names.
        wanted = sum(command.startswith(f"configs/{name}") for command in set(COMMANDS))
        assert head.count(f"raysal sweep configs/{name}") == wanted, name
    assert len(sweeps) == len(set(COMMANDS))


def test_figures_that_the_table_must_have() -> None:
    for figure in ("4", "5", "6a", "6b, Table 2", "7", "8a", "8b", "9b"):
        assert f"| DEAL, Fig. {figure}:" in TABLE
    for figure, rows in (("3", 1), ("5", 4), ("6", 3), ("7", 4), ("8", 2), ("9", 1)):
        assert TABLE.count(f"| CPRAL, Fig. {figure}:") == rows


def test_options_of_show_exist() -> None:
    known = {name.replace("_", "-") for name in inspect.signature(show).parameters}
    lines = re.findall(r"`(raysal show .*?)`", TABLE)
    assert len(lines) == 6
    for line in lines:
        assert set(re.findall(r"--([a-z-]+)", line)) <= known, line


@pytest.mark.parametrize(
    ("name", "images", "size", "val_images", "batch", "levels"),
    [
        ("deal_fig6a_camvid", CAMVID, (360, 480), None, 4, 8),
        ("deal_fig6b_cityscapes", CITYSCAPES, (688, 688), 300, 8, 10),
        ("deal_fig8b_pam", CAMVID, (360, 480), None, 4, 8),
        ("deal_fig9b_branch", CAMVID, (360, 480), None, 4, 8),
    ],
)
def test_deal(
    name: str,
    images: list[int],
    size: tuple[int, int],
    val_images: int | None,
    batch: int,
    levels: int,
    sweeps: dict[str, Sweep],
) -> None:
    """DEAL, section 4.1; five runs with different seeds."""
    sweep = sweeps[name]
    assert len(sweep.config.seeds) == 5
    for config in variants(sweep).values():
        assert points(config) == images
        assert config.data.size == size
        assert getattr(config.data, "val_images", None) == val_images
        assert (config.train.batch_size, config.train.epochs) == (batch, 100)
        assert (config.train.checkpoint, config.train.validate_every) == ("best_val", 5)
        assert config.al.candidate_ratio == 0.5
        assert (config.optim.lr, config.optim.schedule, config.optim.poly_power) == (
            0.01, "poly", 0.9,
        )  # fmt: skip
        assert (config.optim.momentum, config.optim.weight_decay) == (0.9, 5e-4)
        assert config.model.name == MOBILENET
        assert config.loss.alpha == 1
        if config.acquisition.name == "de":
            assert config.acquisition.levels == levels


def test_strategies_of_deal(sweeps: dict[str, Sweep]) -> None:
    for name in ("deal_fig6a_camvid", "deal_fig6b_cityscapes"):
        chosen = variants(sweeps[name])
        assert {c.acquisition.name for c in chosen.values()} == {
            "random", "entropy", "mc_dropout", "coreset", "vaal", "ds", "de",
        }  # fmt: skip
        assert {c.model.channel_dropout for c in chosen.values()} == {0}
        qbc = [c.acquisition for c in chosen.values() if c.acquisition.name == "mc_dropout"]
        assert [one.measure for one in qbc] == ["mean_entropy", "variation_ratio"]
        # QBC does not change how its networks are trained.
        assert {one.dropout for one in qbc} == {"network"}
        assert {c.model.channel_dropout for c in chosen.values()} == {0}
    pam = variants(sweeps["deal_fig8b_pam"])
    assert [(c.acquisition.name, c.model.difficulty.pam) for c in pam.values()] == [
        ("ds", True), ("ds", False), ("de", True), ("de", False),
    ]  # fmt: skip
    branch = variants(sweeps["deal_fig9b_branch"])
    assert [(c.acquisition.name, c.resolved_model.difficulty.branch) for c in branch.values()] == [
        ("ds", "late"), ("ds", "early"), ("de", "late"), ("de", "early"),
    ]  # fmt: skip


CPRAL: dict[str, tuple[list[int], str]] = {
    "cpral_fig5_cityscapes_mobilenet": (CPRAL_CITYSCAPES, MOBILENET),
    "cpral_fig5_cityscapes_drn": (CPRAL_CITYSCAPES, DRN),
    "cpral_fig5_bdd100k_mobilenet": (CPRAL_BDD100K, MOBILENET),
    "cpral_fig5_bdd100k_drn": (CPRAL_BDD100K, DRN),
    "cpral_fig6_components": (CPRAL_CITYSCAPES, MOBILENET),
    "cpral_fig6_budget_40": (CPRAL_40, MOBILENET),
    "cpral_fig6_drn": (CPRAL_CITYSCAPES, DRN),
    "cpral_fig7_selectors": (CPRAL_CITYSCAPES, MOBILENET),
    "cpral_fig7_cityscapes_drn": (CPRAL_CITYSCAPES, DRN),
    "cpral_fig7_bdd100k": (CPRAL_BDD100K, MOBILENET),
    "cpral_fig7_bdd100k_drn": (CPRAL_BDD100K, DRN),
    "cpral_fig8_noise": (CPRAL_CITYSCAPES, MOBILENET),
    "cpral_fig8_bdd100k": (CPRAL_BDD100K, MOBILENET),
    "cpral_acquisition_time": (CPRAL_CITYSCAPES, MOBILENET),
}


@pytest.mark.parametrize("name", CPRAL)
def test_cpral(name: str, sweeps: dict[str, Sweep]) -> None:
    """CPRAL, section 4.1."""
    images, network = CPRAL[name]
    bdd = images == CPRAL_BDD100K
    for config in variants(sweeps[name]).values():
        assert points(config) == images
        assert config.data.name == ("bdd100k" if bdd else "cityscapes")
        assert config.data.size == ((720, 1280) if bdd else (512, 1024))
        assert config.data.val_images == 0
        assert config.model.name == network
        assert config.model.channel_dropout == 0.25
        assert config.train.batch_size == (2 if network == DRN else 4)
        assert (config.train.epochs, config.train.checkpoint) == (50, "last")
        assert (config.optim.lr, config.optim.schedule) == (1e-3, "step")
        # The rate drops at epoch 35, and the rating head lets go of the encoder at 30.
        assert config.optim.step_at * config.train.epochs == pytest.approx(35)
        assert config.loss.rating.detach_after * config.train.epochs == pytest.approx(30)
        assert config.al.candidate_ratio == 1
        if config.rga is not None and config.rga.subset != "all":
            assert config.rga.subset == (800 if bdd else 400)
            assert config.rga.passes == 20


def labels(sweep: Sweep) -> list[str]:
    return [config.strategy_label for config in variants(sweep).values()]


def test_variants_of_cpral(sweeps: dict[str, Sweep]) -> None:
    rivals = ["VAAL", "Loss prediction", "Core-set", "Random", "MC dropout"]
    for name, sweep in sweeps.items():
        if name.startswith("cpral_fig5_cityscapes"):
            assert labels(sweep) == ["CPRAL", "TA-VAAL", *rivals]
        elif name.startswith("cpral_fig5_bdd100k"):
            assert labels(sweep) == ["CPRAL", *rivals]
        elif name.startswith("cpral_fig7"):
            whole = ["Random", "Entropy", "Confidence", "Margin"]
            assert labels(sweep) == [*whole, *(f"{label}_R" for label in whole), "CPRAL"]
    components = ["CPRAL", "CPRAL w/o CLE", "CPRAL w/o CLE, RGA", "Panoptic"]
    assert labels(sweeps["cpral_fig6_components"]) == components
    assert labels(sweeps["cpral_fig6_drn"]) == components
    assert labels(sweeps["cpral_fig6_budget_40"]) == components[:3]
    assert labels(sweeps["cpral_acquisition_time"]) == ["CPRAL", "Region-only"]


@pytest.mark.parametrize("name", ["cpral_fig8_noise", "cpral_fig8_bdd100k"])
def test_noise_of_cpral(name: str, sweeps: dict[str, Sweep]) -> None:
    """CPRAL, section 4.4: 20, 40 and 60 % of the labels; and none, for comparison."""
    rates: dict[str, set[Any]] = {}
    for trial in sweeps[name].trials:
        config = trial.config
        assert config.noise is not None
        rates.setdefault(config.strategy_label, set()).add(config.noise.rate)
        assert config.cle is None or config.cle.calibrate_on == "clean"
    assert rates == {
        label: {0, 0.2, 0.4, 0.6} for label in ("CPRAL", "Loss prediction", "Core-set")
    }
