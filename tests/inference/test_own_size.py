"""Predictions at an image's own size: compared with resizing everything at once."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image

from raysal.data.decode import decode_image, encode_png
from raysal.errors import DataError
from raysal.inference.own_size import (
    enlarge,
    own_size_logits,
    predict_own_size,
    predict_picture,
)
from raysal.inference.predict import predict_classes, predict_logits, to_tensor
from raysal.models.checkpoint import LoadedModel, load_model
from tests.support.material import SIZE, Material

OWN_SIZES = [(100, 161), (48, 64), (48, 90), (96, 64), (20, 30), (1, 200), (200, 1)]


@pytest.fixture(scope="module")
def loaded(material: Material) -> LoadedModel:
    return load_model(material.model)


def photo(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


@pytest.mark.parametrize("size", OWN_SIZES)
def test_as_resizing_all_logits_at_once(loaded: LoadedModel, size: tuple[int, int]) -> None:
    picture = photo(size)
    seen = decode_image(encode_png(picture), SIZE)
    logits = predict_logits(loaded.model, to_tensor([seen]), "fp32")
    expected = F.interpolate(logits, size, mode="bilinear", align_corners=False)[0]
    strips = list(own_size_logits(loaded, picture, "fp32"))
    assert torch.allclose(torch.cat([strip for _, _, strip in strips], 1), expected, atol=1e-4)
    found = predict_own_size(loaded, encode_png(picture), "fp32")
    assert found.ids.shape == size
    assert found.ids.dtype == np.uint8
    probabilities, ids = expected.softmax(0).max(0)
    assert (found.ids == ids.numpy()).mean() > 0.999
    assert found.confidence == pytest.approx(float(probabilities.mean()), abs=1e-5)
    counts = np.bincount(found.ids.ravel(), minlength=11) / found.ids.size
    assert found.shares == pytest.approx(counts.tolist())


def test_the_networks_own_size_gives_what_evaluation_counts(loaded: LoadedModel) -> None:
    for seed in range(3):
        picture = photo(SIZE, seed)
        expected = predict_classes(loaded.fast, to_tensor([picture]), "auto")[0].numpy()
        assert np.array_equal(predict_picture(loaded, picture).ids, expected)


@pytest.mark.parametrize("size", OWN_SIZES)
def test_strips_do_not_matter_and_are_bounded(size: tuple[int, int]) -> None:
    maps = torch.randn(3, *SIZE, generator=torch.Generator().manual_seed(0))
    whole = torch.cat([strip for _, strip in enlarge(maps, size)], 1)
    for most in (1, 500, 3000):
        pieces = list(enlarge(maps, size, most))
        assert torch.equal(torch.cat([strip for _, strip in pieces], 1), whole)
        assert [i for rows, _ in pieces for i in range(size[0])[rows]] == list(range(size[0]))
        assert max(strip.numel() for _, strip in pieces) <= max(most, 3 * size[1])


def test_a_photo_that_exif_turns_has_the_size_as_it_is_shown(loaded: LoadedModel) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(photo((60, 100))).save(buffer, format="JPEG", exif=exif)
    assert predict_own_size(loaded, buffer.getvalue()).ids.shape == (100, 60)


def test_what_cannot_be_predicted(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="truncated or damaged"):
        predict_own_size(loaded, encode_png(photo(SIZE))[:-40])
    with pytest.raises(DataError, match=r"more than the limit of 0.001"):
        predict_own_size(loaded, encode_png(photo(SIZE)), max_megapixels=0.001)
    bias = loaded.fast.classify.bias
    assert bias is not None
    monkeypatch.setattr(bias, "data", torch.full_like(bias, torch.nan))
    with pytest.raises(DataError, match="not a finite number"):
        predict_picture(loaded, photo(SIZE))
