"""What is shown of other networks, and of images that are no RGB pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysal.curate.wrap import wrap_model
from raysal.data.pixel_format import PixelFormat
from raysal.data.sets.streets.dataset import Streets
from raysal.data.visible import stretched
from raysal.models.build import build_model
from raysal.models.checkpoint import FILE, save_model
from raysal.models.config import ModelConfig
from raysal.report.show.attention import attended
from raysal.report.show.images import Images
from raysal.report.show.models import open_models
from raysal.report.show.panel import AbsentError
from raysal.report.show.panels import times_difficulty_panel, uncertainty_panel
from raysal.report.show.view import View
from raysal.report.show.wanted import Wanted
from tests.support.channel_files import numbers, tiff
from tests.support.exported_network import save_pt2, small
from tests.support.own_network import SETTINGS
from tests.support.shallow_network import SHALLOW

SIZE = (48, 64)
STREETS = Streets(size=SIZE)
NETWORKS: dict[str, dict[str, Any]] = {
    "early": {**SHALLOW, "difficulty": {"branch": "early"}},
    "without PAM": {**SHALLOW, "difficulty": {"branch": "late", "pam": False}},
    "python": {**SETTINGS, "difficulty": {"branch": "late"}},
    "smp": {"name": "smp", "arch": "unet", "encoder": "tu-mobilenetv3_small_050",
            "weights": "none", "difficulty": {"branch": "late"}},
}  # fmt: skip


def view_of(model: Path, image: Path) -> View:
    (opened,) = open_models([model])
    (found,) = Images(opened).find([str(image)])
    return View(opened, found, Wanted(passes=3))


def picture(folder: Path) -> Path:
    path = folder / "picture.jpg"
    path.write_bytes(STREETS.image_bytes(STREETS.items("test")[0]))
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_of_any_network(name: str, tmp_path: Path) -> None:
    config = ModelConfig(**NETWORKS[name], channel_dropout=0.25)
    model = build_model(config.resolved(frozenset()), 11, seed=1, size=SIZE)
    save_model(tmp_path / FILE, model, STREETS.class_names, STREETS.palette, SIZE)
    view = view_of(tmp_path, picture(tmp_path))
    for kind in ("entropy", "votes"):
        plain, times = uncertainty_panel(view, kind), times_difficulty_panel(view, kind)
        assert plain.shape == SIZE
        assert np.array_equal(times.values, plain.values * view.difficulty)
    assert view.votes.max() > 0
    if name == "without PAM":
        with pytest.raises(AbsentError, match=r"was trained without PAM \(model\.difficulty\.pam"):
            attended(view)
    else:
        probs_Chw = attended(view)
        assert probs_Chw.shape == (11, 8, 11)  # A sixth of the input.
        assert probs_Chw.sum(0).numpy() == pytest.approx(np.ones((8, 11)), abs=1e-5)


def test_votes_of_the_networks_own_dropout(tmp_path: Path) -> None:
    """Where there is no channel dropout; and none where there is no dropout at all."""
    image = picture(tmp_path)
    views = []
    for settings in (SHALLOW, SETTINGS):
        model = build_model(ModelConfig(**settings).resolved(frozenset()), 11, seed=1, size=SIZE)
        save_model(tmp_path / FILE, model, STREETS.class_names, STREETS.palette, SIZE)
        views.append(view_of(tmp_path, image))
    assert views[0].votes.max() > 0
    title = uncertainty_panel(views[0], "votes").title
    assert title == "Vote entropy, 3 passes with the network's dropout"
    with pytest.raises(AbsentError, match="has no dropout, so that all votes would be equal"):
        _ = views[1].votes


def test_an_exported_model_gives_probabilities_only(tmp_path: Path) -> None:
    file = save_pt2(tmp_path / "net.pt2", small())
    wrap_model(file, tmp_path / "net", classes=list(STREETS.class_names))
    view = view_of(tmp_path / "net", picture(tmp_path))
    assert uncertainty_panel(view, "margin").shape == SIZE
    for what in ("difficulty", "votes"):
        with pytest.raises(AbsentError, match="an exported model gives class probabilities only"):
            getattr(view, what)
    assert view.model.about == "exported, pt2"
    assert view.model.label == "net"


def test_two_channels_of_sixteen_bits(tmp_path: Path) -> None:
    """The network sees the stored channels, people the one that `show` names."""
    pixels = PixelFormat(channels=2, show=(1,))
    config = ModelConfig(**SHALLOW).model_copy(update={"name": "deeplabv3plus_mobilenet_v2"})
    model = build_model(config.resolved(frozenset()), 11, seed=1, pixels=pixels)
    save_model(tmp_path / FILE, model, STREETS.class_names, STREETS.palette, SIZE)
    stored = numbers(*SIZE, 2)
    (tmp_path / "bands.tif").write_bytes(tiff(stored))
    view = view_of(tmp_path, tmp_path / "bands.tif")
    assert view.decoded == pytest.approx(stored / 65535, abs=1e-6)
    assert view.picture.shape == (*SIZE, 3)
    assert (view.picture[..., 0] == stretched(view.decoded[..., 1])).all()
    assert view.prediction.shape == SIZE
