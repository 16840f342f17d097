"""What a model sees in an image, compared with plain numpy."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.acquisition.strategies.committee import MCDropout
from raysal.config.seed import derive_seed
from raysal.data.decode import IGNORE
from raysal.data.labels import EXTENDED, read_labels
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from raysal.inference.predict import predict, to_tensor
from raysal.regions.kernel import profile
from raysal.report.draw.pictures import rgb
from raysal.report.draw.style import WRONG
from raysal.report.show.attention import cell_of
from raysal.report.show.figures import Absences, Seen, figure_of
from raysal.report.show.images import Images
from raysal.report.show.models import open_models
from raysal.report.show.panel import AbsentError, Heat, Picture
from raysal.report.show.panels import (
    errors_panel,
    extended_panel,
    labels_panel,
    level_panels,
    levels_panel,
    times_difficulty_panel,
    uncertainty_panel,
)
from raysal.report.show.regions import RegionView
from raysal.report.show.view import View
from raysal.report.show.wanted import Figure, Wanted

FIRST = "rounds/000"


def view_of(run: Path, image_id: str, wanted: Wanted | None = None) -> View:
    (model,) = open_models([run / FIRST])
    (image,) = Images(model).find([image_id])
    return View(model, image, wanted or Wanted())


@pytest.fixture(scope="module")
def view(shown_run: Path) -> View:
    """Of an image whose first rows nobody has labelled."""
    found = view_of(shown_run, "test-000001")
    assert found.image.truth is not None
    truth = found.image.truth.copy()
    truth[:4] = IGNORE
    return View(found.model, replace(found.image, truth=truth), found.wanted)


@pytest.fixture(scope="module")
def probs_CHW(view: View) -> np.ndarray:
    """Of the network itself."""
    found = predict(view.loaded.model, to_tensor([view.decoded]), "fp32")
    return found.probabilities_BCHW[0].double().numpy()


def test_prediction_errors_and_loss(view: View, probs_CHW: np.ndarray) -> None:
    said, truth = probs_CHW.argmax(0), view.truth
    known = truth != IGNORE
    assert (view.prediction == said).all()
    assert 0 < known.sum() < known.size
    panel = errors_panel(view)
    assert isinstance(panel, Picture)
    wrong = known & (said != truth)
    assert ((panel.rgb == rgb(WRONG)).all(-1) == wrong).all()
    assert panel.title == f"Errors ({100 * wrong.sum() / known.sum():.1f} % wrong)"
    assert panel.keys == {"wrong", "right", "no ground truth"}
    rows, cols = np.nonzero(known)
    loss = -np.log(probs_CHW[truth[known], rows, cols])
    assert view.loss[known] == pytest.approx(loss, rel=1e-4)
    assert np.isnan(view.loss[~known]).all()


def test_uncertainty_plain_and_times_difficulty(view: View, probs_CHW: np.ndarray) -> None:
    ordered = np.sort(probs_CHW, 0)
    expected = {
        "entropy": -(probs_CHW * np.log(probs_CHW)).sum(0),
        "least_confidence": 1 - ordered[-1],
        "margin": 1 - (ordered[-1] - ordered[-2]),
    }
    for kind, values in expected.items():
        plain, times = uncertainty_panel(view, kind), times_difficulty_panel(view, kind)
        assert plain.values == pytest.approx(values, abs=1e-4)
        assert times.values == pytest.approx(values * view.difficulty, abs=1e-4)
        assert times.span == plain.span == (0, pytest.approx(values.max(), abs=1e-4))
        assert times.unit == plain.unit


@pytest.mark.parametrize("bins", ["unit", "image_range"])
def test_levels_and_their_shares(shown_run: Path, bins: str) -> None:
    view = view_of(shown_run, "test-000001", Wanted(levels=24, bins=bins))
    low, high = (0.0, 1.0) if bins == "unit" else (view.difficulty.min(), view.difficulty.max())
    edges = np.linspace(low, high, 25)
    counts, _ = np.histogram(view.difficulty, edges)
    assert np.bincount(view.level_map.ravel(), minlength=24).tolist() == counts.tolist()
    assert view.level_edges == pytest.approx(edges)
    assert (counts > 0).sum() > 1
    shares = counts[counts > 0] / counts.sum()
    entropy = abs((shares * np.log(shares)).sum())
    panel = levels_panel(view)
    assert isinstance(panel, Heat)
    assert panel.title == f"Difficulty levels, DE {entropy:.2f} of {math.log(24):.2f} nats"
    assert (panel.values == view.level_map + 1).all()
    known = view.truth != IGNORE
    for level, each in enumerate(level_panels(view)):
        assert isinstance(each, Picture)
        there = view.level_map == level
        assert (each.rgb[there] == view.picture[there]).all()
        assert f"{100 * there.mean():.1f} % of the pixels" in each.title
        if (there & known).any():
            wrong = (view.prediction != view.truth)[there & known].mean()
            assert f"{100 * wrong:.0f} % wrong" in each.title


def test_regions_are_picked_again_as_the_round_picked_them(shown_run: Path) -> None:
    """The same votes, the same responses: only then is the figure that of the query."""
    asks = read_query(RunLayout(shown_run).round(0).query)
    image_id = asks[0].image_id
    regions = RegionView(view_of(shown_run, image_id))
    boxes, scores = regions.boxes
    mine = [ask for ask in asks if ask.image_id == image_id]
    assert boxes == tuple((a.row, a.col, a.height, a.width) for a in mine)
    assert scores == tuple(ask.score for ask in mine)
    best = np.nanmax(regions.response_HW)
    assert best == pytest.approx(mine[0].score, abs=1e-6)
    centre = tuple(int(n) for n in np.argwhere(regions.response_HW == best)[0])
    assert centre == (mine[0].row + 8, mine[0].col + 8)
    again = RegionView(view_of(shown_run, image_id, Wanted(window=16))).boxes
    assert again[0][0] == boxes[0]


def test_the_response_is_the_weighted_sum_around_each_centre(shown_run: Path) -> None:
    regions = RegionView(view_of(shown_run, "test-000000"))
    taps = profile(16).numpy()
    kernel, values = np.outer(taps, taps), np.asarray(regions.map_HW, np.float64)
    for row, col in ((8, 8), (20, 31), (40, 56)):
        around = values[row - 8 : row + 8, col - 8 : col + 8]
        assert regions.response_HW[row, col] == pytest.approx((around * kernel).sum(), rel=1e-5)
    assert np.isnan(regions.response_HW[7]).all()
    assert np.isnan(regions.response_HW[:, 57]).all()
    assert regions.asked == []
    assert len(regions.boxes[0]) > 0


def changed(view: View, **rga: object) -> RegionView:
    """With other settings of the run's regions."""
    of = view.model.of
    assert of is not None
    assert of.config.rga is not None
    settings = of.config.rga.model_copy(update=rga)
    config = of.config.model_copy(update={"rga": settings})
    model = replace(view.model, of=replace(of, config=config))
    return RegionView(View(model, view.image, view.wanted))


def test_labelled_pixels_count_nothing_where_images_stay_in_the_pool(shown_run: Path) -> None:
    layout = RunLayout(shown_run)
    image_id = read_query(layout.round(0).query)[0].image_id
    (model,) = open_models([shown_run])
    (image,) = Images(model).find([image_id])
    view = View(model, image, Wanted())
    assert not RegionView(view).known_HW.any()
    regions = changed(view, reselect_partial=True)
    _, delivered = regions.given
    assert (regions.known_HW == delivered).all()
    assert delivered.any()
    before, after = RegionView(view).response_HW, regions.response_HW
    assert np.nanmax(before - after) > 0
    assert np.nanmin(before - after) >= 0


def test_random_regions_and_windows_cut_at_the_border(shown_run: Path, view: View) -> None:
    regions = changed(view, map="random", border="clip")
    seed = derive_seed(0, "votes", 0, "test-000001")
    assert (regions.map_HW == np.random.default_rng(seed).random(view.size)).all()
    assert np.isfinite(regions.response_HW).all()
    seen = Seen(regions.view, Wanted(), Absences())
    titles = [p.title for row in figure_of(Figure.regions, seen) for p in row.panels if p]
    assert titles[1] == "Random numbers"


def test_attention_of_one_pixel_and_of_several(shown_run: Path) -> None:
    for pixels, titles in (
        (((3, 4),), ["Attention"]),
        (((3, 4), (40, 60)), ["1: ", "2: "]),
    ):
        wanted = Wanted(pixels=pixels)
        seen = Seen(view_of(shown_run, "test-000001", wanted), wanted, Absences())
        rows = figure_of(Figure.attention, seen)
        maps = [p for row in rows for p in row.panels if isinstance(p, Heat)]
        assert [m.title[: len(title)] for m, title in zip(maps, titles, strict=True)] == titles
        assert [m.marks for m in maps] == [(cell_of(p, (48, 64), (8, 11)),) for p in pixels]
        assert len({m.span for m in maps}) == 1
        assert all(m.values.mean() == pytest.approx(1, rel=1e-5) for m in maps)
        assert [m.bar for m in maps] == [False] * (len(maps) - 1) + [True]
        assert rows[0].panels[0] is not None
        assert rows[0].panels[0].marks == pixels


def test_labels_of_models(shown_run: Path) -> None:
    first, last = shown_run / FIRST, shown_run
    assert [m.label for m in open_models([first])] == ["small, round 0"]
    assert [m.label for m in open_models([first, last])] == ["small, round 0", "small, round 1"]
    twice = [m.label for m in open_models([first, first / "model"])]
    assert len(set(twice)) == 2
    assert [m.label for m in open_models([first, last], ["a", "b"])] == ["a", "b"]


def test_votes_are_those_of_so_many_passes(shown_run: Path) -> None:
    view = view_of(shown_run, "test-000000", Wanted(passes=2))
    assert view.passes == 2
    # Two votes agree, or each class has one of them.
    assert set(np.unique(view.votes.round(5))) <= {0, np.float32(math.log(2)).round(5)}


def test_votes_are_those_of_the_strategy(view: View) -> None:
    of = view.model.of
    assert of is not None
    committee = MCDropout(count=7, dropout="network")
    config = of.config.model_copy(update={"rga": None, "acquisition": committee})
    other = View(replace(view.model, of=replace(of, config=config)), view.image, view.wanted)
    assert (view.passes, view.dropped) == (5, "channels")
    assert (other.passes, other.dropped) == (7, "network")
    assert not np.array_equal(view.votes, other.votes)


def test_labels_and_extended_labels_after_the_query(shown_run: Path) -> None:
    here = RunLayout(shown_run).round(0)
    extended = {labelled.image_id: labelled for labelled in read_labels(here.extended)}
    image_id, theirs = next((i, x) for i, x in extended.items() if (x.source == EXTENDED).any())
    view = view_of(shown_run, image_id)
    regions = RegionView(view)
    inside = np.zeros(view.size, bool)
    for ask in regions.asked:
        inside[ask.row : ask.row + ask.height, ask.col : ask.col + ask.width] = True
    label, delivered = regions.given
    assert (delivered == inside).all()
    assert (label[inside] == view.truth[inside]).all()
    assert (label[~inside] == IGNORE).all()
    assert (regions.extended == theirs.label).all()
    panel = extended_panel(regions)
    assert isinstance(panel, Picture)
    both = (theirs.label != IGNORE) & (view.truth != IGNORE)
    wrong = both & (theirs.label != view.truth)
    assert (panel.rgb[wrong] == rgb(WRONG)).all()
    assert f"{100 * wrong.sum() / both.sum():.1f} % of them wrong" in panel.title
    assert f"({100 * inside.mean():.1f} %)" in labels_panel(regions).title


def test_what_is_not_there_is_said(shown_run: Path) -> None:
    regions = RegionView(view_of(shown_run, "test-000000"))
    with pytest.raises(AbsentError, match="annotators have no label of 'test-000000' after round"):
        _ = regions.given
    last = open_models([shown_run])[0]
    assert last.of is not None
    assert last.of.index == 1
    (image,) = Images(last).find(["test-000000"])
    assert torch.is_tensor(View(last, image, Wanted()).image_DHW)
