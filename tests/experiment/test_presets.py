"""Presets know the data sets and networks of their papers, and say where something does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysal.experiment.config import ExperimentConfig, experiment_of
from raysal.experiment.remarks import preset_remarks, remarks
from tests.support.tiny_run import tiny

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
    assert not list(preset_remarks(one))
    assert not list(preset_remarks(other))


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
        assert not [*preset_remarks(one), *preset_remarks(other)]


def test_what_is_given_wins() -> None:
    given = made("deal-paper", **city(size=[512, 1024], val_images=5), al={"budget": 7})
    assert (given.data.size, given.data.val_images) == ((512, 1024), 5)
    assert (given.al.initial, given.al.budget) == (300, 7)
    assert list(preset_remarks(given)) == [
        "preset deal-paper on cityscapes, but for al.budget=7 (150), data.size=[512, 1024] "
        "([688, 688]), data.val_images=5 (300)"
    ]


def test_the_released_code_where_it_is_cheap() -> None:
    code = made("deal-code", **camvid())
    assert (code.augment.padding, code.augment.jitter_order) == ("after", "fixed")
    assert code.model.difficulty.start == code.model.classifier_bias == "torch"
    # On square crops as well.
    assert code.model.difficulty.grid == (60, 80)
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


@pytest.mark.parametrize(
    ("config", "remark"),
    [
        (
            made("deal-paper", data={"name": "streets"}),
            "preset deal-paper: the paper does not use streets, but camvid, cityscapes; "
            "al.initial=40, al.budget=20, al.rounds=7, acquisition.levels=8 are meant for camvid",
        ),
        (
            made("cpral", "panoptic", data={"name": "streets"}, al={"rounds": 2, "budget": 20},
                 rga={"subset": 30}),
            "preset cpral: the paper does not use streets, but cityscapes, bdd100k; "
            "al.initial=200, rga.w=128 are meant for cityscapes",
        ),
        (
            made("cpral", "panoptic", **city(size=[256, 512])),
            "preset cpral: rga.w=128 is meant for images of 512x1024, not 256x512",
        ),
        (
            made("deal-paper", model=DRN, **camvid()),
            "preset deal-paper: the paper does not train deeplabv3plus_drn_d_54, but "
            "deeplabv3plus_mobilenet_v2; learning rate and batch size are for these",
        ),
    ],
    ids=["data", "regions", "size", "network"],
)  # fmt: skip
def test_what_does_not_fit_is_said(config: ExperimentConfig, remark: str) -> None:
    assert remark in list(preset_remarks(config))


def test_a_preset_whose_numbers_are_all_replaced_says_nothing(tmp_path: Path) -> None:
    own = {"al": {"initial": 8, "budget": 4, "rounds": 2}, "rga": None, "cle": None}
    assert not list(preset_remarks(made("cpral", "random", data={"name": "streets"}, **own)))
    assert not list(preset_remarks(tiny(tmp_path)))


def test_no_validation_split_and_a_subset_of_everything(tmp_path: Path) -> None:
    config = tiny(
        tmp_path, data={"val": 0}, model={"channel_dropout": 0.25}, rga={"subset": 32, "w": 16}
    )
    items = {split: config.data.items(split) for split in ("train", "val", "test")}
    unvalidated, everything = remarks(config, items)
    assert unvalidated.startswith("train.checkpoint=best_val, but streets has no validation split")
    assert everything.startswith("rga.subset is 32 images, but only 32 are unlabelled")
    drawn = tiny(tmp_path, data={"val": 0}, al={"val": 2})
    assert not list(remarks(drawn, items))
