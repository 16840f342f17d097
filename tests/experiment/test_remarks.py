"""What is said of settings that do something else than one may think."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.experiment.config import ExperimentConfig
from raysal.experiment.remarks import preset_remarks, remarks
from tests.experiment.test_presets import DRN, bdd, camvid, city, made
from tests.support.tiny_run import tiny


@pytest.mark.parametrize("preset", ["deal-paper", "deal-code"])
def test_nothing_is_said_of_what_the_papers_have(preset: str) -> None:
    configs = [made(preset, **data) for data in (camvid(), city())]
    for network in ({}, DRN):
        configs += [made("cpral", "panoptic", model=network, **data) for data in (city(), bdd())]
    for config in configs:
        assert not list(preset_remarks(config))


def test_what_departs_from_the_paper_is_listed() -> None:
    given = made("deal-paper", **city(size=[512, 1024], val_images=5), al={"budget": 7})
    assert list(preset_remarks(given)) == [
        "preset deal-paper on cityscapes, but for al.budget=7 (150), data.size=[512, 1024] "
        "([688, 688]), data.val_images=5 (300)"
    ]


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
