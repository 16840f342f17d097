"""Evaluation: repeated reading of images, and the confusion matrix over batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from raysal.inference.metrics import confusion_matrix
from raysal.inference.predict import predict_classes, to_tensor
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.training.evaluate import Samples, evaluate, read_samples, to_batches
from tests.support.fake_datasets import SIZE, fake_folder

BYTES = SIZE[0] * SIZE[1] * 4


@pytest.mark.parametrize("bound", [0, 1, 3 * BYTES, 1e9])
def test_samples_are_the_same_every_time(bound: float, tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    items = dataset.items("train")
    cut = Path(items[2].image)
    cut.write_bytes(cut.read_bytes()[:-200])
    bad: list[tuple[str, str]] = []
    once = list(read_samples(dataset, items, bad))
    assert [image_id for image_id, _ in bad] == [items[2].image_id]
    assert len(once) == len(items) - 1
    samples = Samples(dataset, items, bound)
    for _ in range(3):
        again = list(samples)
        assert len(again) == len(once)
        for a, b in zip(once, again, strict=True):
            assert np.array_equal(a[0], b[0])
            assert np.array_equal(a[1], b[1])
        assert samples.bad == bad


def test_the_confusion_matrix_does_not_depend_on_the_batch_size(tmp_path: Path) -> None:
    dataset = fake_folder(tmp_path)
    samples = list(read_samples(dataset, dataset.items("train"), []))
    model = build_model(ModelConfig(weights="none").resolved(frozenset()), 3, seed=0).train()
    device = torch.device("cpu")
    whole, small = (evaluate(model, samples, 3, batch, "fp32", device) for batch in (8, 3))
    assert not model.training
    labels = torch.from_numpy(np.stack([label for _, label in samples]))
    predicted = predict_classes(model, to_tensor([image for image, _ in samples]), "fp32")
    assert torch.equal(whole, confusion_matrix(predicted, labels, 3))
    # A tie between two classes may be broken either way.
    assert (whole - small).abs().sum() <= 4
    assert whole.sum() == (labels != 255).sum()


def test_batches_keep_the_order() -> None:
    samples = [(np.full((2, 3, 3), i, np.uint8), np.full((2, 3), i, np.uint8)) for i in range(5)]
    batches = list(to_batches(iter(samples), 2))
    assert [images.shape for images, _ in batches] == [(2, 3, 2, 3), (2, 3, 2, 3), (1, 3, 2, 3)]
    assert [int(label[0, 0]) for _, labels in batches for label in labels] == [0, 1, 2, 3, 4]
