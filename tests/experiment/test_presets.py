"""Presets know the data sets and networks of their papers; see `test_remarks` for what is said."""

from __future__ import annotations

from typing import Any

import pytest

from raysal.experiment.config import ExperimentConfig, experiment_of

DRN = {"name": "deeplabv3plus_drn_d_54", "weights": "drn.pth"}


def made(preset: str, strategy: str = "de", **values: Any) -> ExperimentConfig:
    acquisition = {"name": strategy}
    return experiment_of(
        {"name": "a", "preset": preset, "acquisition": acquisition, **values}, "here"
    )


def city(**settings: Any) -> dict[str, Any]:
    return {"data": {"name": "cityscapes", "root": "r", **settings}}


def bdd() -> dict[str, Any]:
    return {"data": {"name": "bdd100k", "root": "r"}}


def camvid(**settings: Any) -> dict[str, Any]:
    return {"data": {"name": "camvid", "root": "r", **settings}}


@pytest.mark.parametrize("preset", ["deal-paper", "deal-code"])
def test_deal_on_its_two_data_sets(preset: str) -> None:
    """DEAL, Table 1 and section 4.1."""
    one, other = made(preset, **camvid()), made(preset, **city())
    assert (one.data.size, other.data.size) == ((360, 480), (688, 688))
    assert other.data.val_images == 300
    assert [(c.al.initial, c.al.budget, c.al.rounds) for c in (one, other)] == [
        (40, 20, 7),
        (300, 150, 7),
    ]
    assert (one.train.batch_size, other.train.batch_size) == (4, 8)
    assert (one.acquisition.levels, other.acquisition.levels) == (8, 10)
    assert one.train.checkpoint == other.train.checkpoint == "best_val"


def test_cpral_on_its_two_data_sets_and_networks() -> None:
    """CPRAL, section 4.1."""
    for network, batch in (({}, 4), (DRN, 2)):
        one, other = (made("cpral", "panoptic", model=network, **d) for d in (city(), bdd()))
        assert (one.data.size, other.data.size) == ((512, 1024), (720, 1280))
        assert [(c.al.initial, c.al.budget, c.al.rounds, c.rga.subset) for c in (one, other)] == [
            (200, 200, 5, 400),
            (400, 400, 6, 800),
        ]
        assert one.train.batch_size == other.train.batch_size == batch


def test_what_is_given_wins() -> None:
    given = made("deal-paper", **city(size=[512, 1024], val_images=5), al={"budget": 7})
    assert (given.data.size, given.data.val_images) == ((512, 1024), 5)
    assert (given.al.initial, given.al.budget) == (300, 7)


def test_the_released_code_where_it_is_cheap() -> None:
    code = made("deal-code", **camvid())
    # On square crops as well.
    assert code.model.difficulty.grid == (60, 80)
    assert (code.augment.padding, code.augment.jitter_order) == ("after", "fixed")
    assert code.model.difficulty.start == code.model.classifier_bias == "torch"
    assert made("deal-code", **city()).model.difficulty.grid == (86, 86)
    assert made("deal-code", **camvid(size=[120, 160])).model.difficulty.grid == (20, 27)
    assert made("deal-code", data={"name": "streets"}).model.difficulty.grid == (20, 27)
    in_tiles = camvid(size=[720, 960], tile={"size": [240, 360]})
    assert made("deal-code", **in_tiles).model.difficulty.grid == (40, 60)
    square = camvid(size=[720, 960], tile={"size": 240})
    assert made("deal-code", **square).model.difficulty.grid == (40, 40)
    assert made("deal-paper", **camvid()).model.difficulty.grid == "auto"
    assert made("deal-code", "coreset", **city()).al.candidate_ratio == 0.4
    smp = {"name": "smp", "arch": "unet", "encoder": "resnet18", "weights": "none"}
    assert made("deal-code", model=smp, **camvid()).model.difficulty.start == "torch"
