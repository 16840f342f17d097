"""Passes with a network's own dropout: the masks, the fast way and the general way, and votes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raysal.errors import CheckpointError, ConfigError
from raysal.inference import masks, votes
from raysal.inference.masks import drop_elements, kept_elements
from raysal.inference.own_dropout import own_dropout_passes
from raysal.inference.predict import normalise
from raysal.inference.votes import vote_entropy, vote_map
from raysal.models.build import build_model
from raysal.models.config import ModelConfig
from raysal.models.deeplab import DeepLabV3Plus
from raysal.models.dropouts import check_own_dropout
from raysal.models.layers import resize
from raysal.models.network import Network

CLASSES, PASSES, SIZE, CPU = 6, 5, (33, 47), torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> DeepLabV3Plus:
    """An untrained model, with another dropout at each of its three places."""
    config = ModelConfig(weights="none", decoder_dropout=(0.4, 0.2))
    model = build_model(config, CLASSES, seed=0).eval()
    model.classify.weight.data *= 30  # So that passes differ.
    return model


@pytest.fixture(scope="module")
def image() -> Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=random)


# --- Masks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.2, 0.5, 0.75, 0.9])  # 16, 1, 2 and 16 random bits.
def test_masks_drop_their_share_independently(p: float) -> None:
    kept = kept_elements(3, 0, range(8), 40_001, p, CPU).double().numpy()
    assert kept.shape == (8, 40_001)
    other = kept_elements(3, 1, range(8), 40_001, p, CPU).double().numpy()
    assert kept.mean(1) == pytest.approx(1 - p, abs=0.015)
    # Neither passes, nor layers, nor neighbours, nor rows of a map know of each other.
    related = np.corrcoef(np.concatenate([kept, other]))
    assert np.abs(related - np.eye(16)).max() < 0.025
    for step in (1, 2, 47, 256, 2_502, 12_288):  # Every 2,502nd is of the same word, with one bit.
        assert abs(np.corrcoef(kept[:, step:].ravel(), kept[:, :-step].ravel())[0, 1]) < 0.01


def test_masks_depend_on_seed_layer_and_pass_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    together = kept_elements(3, 0, range(6), 1000, 0.5, CPU)
    for number in range(6):
        assert torch.equal(kept_elements(3, 0, [number], 1000, 0.5, CPU)[0], together[number])
    assert torch.equal(kept_elements(3, 0, [4, 1], 1000, 0.5, CPU), together[[4, 1]])
    assert not torch.equal(kept_elements(4, 0, range(6), 1000, 0.5, CPU), together)
    of_16_bits = kept_elements(3, 0, range(6), 1000, 0.2, CPU)
    monkeypatch.setattr(masks, "WORDS_AT_ONCE", 13)
    assert torch.equal(kept_elements(3, 0, range(6), 1000, 0.5, CPU), together)
    assert torch.equal(kept_elements(3, 0, range(6), 1000, 0.2, CPU), of_16_bits)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_what_is_not_kept_is_set_to_0(dtype: torch.dtype, p: float) -> None:
    x = torch.randn(3, 1001).to(dtype)
    x[:, 7] = torch.inf
    dropped = x.clone()
    drop_elements(dropped, 3, 1, [5, 0, 2], p)
    kept = kept_elements(3, 1, [5, 0, 2], 1001, p, CPU)
    assert torch.equal(dropped, torch.where(kept, x, 0))


# --- DeepLabv3+ -----------------------------------------------------------------------------


@torch.inference_mode()
def by_layers(model: DeepLabV3Plus, image_3HW: Tensor, seed: int) -> Tensor:
    """(M, C, y, x) logits, pass by pass through the layers, with the masks put between them."""

    def drop(x: Tensor, layer: int, number: int, p: float) -> Tensor:
        shape = (*x.shape[2:], x.shape[1])
        kept = kept_elements(seed, layer, [number], int(np.prod(shape)), p, CPU).view(shape)
        return x * kept.permute(2, 0, 1) / (1 - p)

    stages = model.encoder(normalise(image_3HW.unsqueeze(0)))
    high, low = model.aspp(stages[model.encoder.high]), model.low(stages[model.encoder.low])
    logits = []
    for number in range(PASSES):
        x = resize(drop(high, 0, number, 0.5), low.shape[-2:])
        x = drop(model.decoder[0](torch.cat([x, low], 1)), 1, number, 0.4)
        logits.append(model.classify(drop(model.decoder[2](x), 2, number, 0.2)))
    return torch.cat(logits)


def test_votes_are_those_of_the_layers(model: DeepLabV3Plus, image: Tensor) -> None:
    expected = by_layers(model, image, 3)
    general = own_dropout_passes(model, normalise(image.unsqueeze(0)), 3)
    with torch.inference_mode():
        torch.testing.assert_close(general(range(PASSES)), expected, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(general([3, 1]), expected[[3, 1]], rtol=1e-4, atol=1e-3)
    mean = resize(expected, SIZE).softmax(1).mean(0)
    soft = vote_map(model, image, 3, PASSES, "soft", "fp32", "network")
    torch.testing.assert_close(soft, torch.special.entr(mean).sum(0), rtol=0, atol=1e-3)
    hard = vote_map(model, image, 3, PASSES, "hard", "fp32", "network")
    ballots = resize(expected, SIZE).argmax(1).to(torch.uint8)
    assert (hard - vote_entropy(ballots, CLASSES)).abs().gt(1e-5).float().mean() < 0.02
    assert (hard > 0).float().mean() > 0.1, "nothing is torn, nothing is tested"


@pytest.mark.parametrize("vote", ["hard", "soft"])
def test_a_map_is_a_function_of_image_and_seed(
    model: DeepLabV3Plus, image: Tensor, monkeypatch: pytest.MonkeyPatch, vote: str
) -> None:
    torch.manual_seed(0)
    first = vote_map(model, image, 3, PASSES, vote, "fp32", "network")
    torch.manual_seed(1)
    assert torch.equal(first, vote_map(model, image, 3, PASSES, vote, "fp32", "network"))
    assert not torch.equal(first, vote_map(model, image, 4, PASSES, vote, "fp32", "network"))
    monkeypatch.setattr(votes, "FEWEST_AT_ONCE", 2)
    monkeypatch.setattr(votes, "PIXELS_AT_ONCE", 1)
    by_two = vote_map(model, image, 3, PASSES, vote, "fp32", "network")
    assert (first - by_two).abs().lt(1e-5).float().mean() > 0.99
    assert not any(layer.training for layer in model.modules())


def test_channel_dropout_stays_off(model: DeepLabV3Plus, image: Tensor) -> None:
    both = copy.deepcopy(model)
    both.config = both.config.model_copy(update={"channel_dropout": 0.5})
    plain = vote_map(model, image, 3, PASSES, "soft", "fp32", "network")
    assert torch.equal(vote_map(both, image, 3, PASSES, "soft", "fp32", "network"), plain)


# --- Other networks -------------------------------------------------------------------------


class Small(Network):
    """Dropout of elements in the encoder, if wanted, and of channels in the decoder."""

    def __init__(self, in_encoder: float, in_decoder: float) -> None:
        super().__init__(ModelConfig(weights="none"), CLASSES)
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Dropout(in_encoder))
        self.head = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout2d(in_decoder))
        self.classify = nn.Conv2d(8, CLASSES, 1)
        self.stage_channels, self.decoder_stages = {"s": 8}, ("s",)
        self.encoded = 0
        self.eval()

    def stages(self, image_BDHW: Tensor) -> dict[str, Tensor]:
        self.encoded += len(image_BDHW)
        return {"s": self.encoder(image_BDHW)}

    def decode(self, stages: dict[str, Tensor], size: tuple[int, int]) -> object:
        from raysal.models.network import Decoded

        return Decoded(self.classify(self.head(stages["s"])))

    def load_initial_weights(self) -> None:
        """None."""


@pytest.mark.parametrize(("in_encoder", "encoded"), [(0.0, 1), (0.3, 1 + PASSES)])
def test_the_encoder_runs_once_if_it_drops_nothing(
    image: Tensor, in_encoder: float, encoded: int
) -> None:
    torch.manual_seed(0)
    network = Small(in_encoder, 0.5)
    x = normalise(image.unsqueeze(0))
    with torch.inference_mode():
        logits = own_dropout_passes(network, x, 3)(range(PASSES))
        assert network.encoded == encoded
        stage = network.encoder[0](x).expand(PASSES, -1, -1, -1)
        layer = 0
        if in_encoder:
            kept = kept_elements(3, 0, range(PASSES), 8 * 33 * 47, in_encoder, CPU)
            stage = stage * kept.view(PASSES, 33, 47, 8).permute(0, 3, 1, 2) / (1 - in_encoder)
            layer = 1
        kept = kept_elements(3, layer, range(PASSES), 8, 0.5, CPU).view(PASSES, 8, 1, 1)
        expected = network.classify(stage.relu() * kept / 0.5)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_a_network_without_dropout_is_refused(image: Tensor) -> None:
    network = Small(0.0, 0.0)
    with pytest.raises(
        ConfigError, match=r"has no dropout layer .* use acquisition.dropout=channe"
    ):
        check_own_dropout(network)
    network.aside = nn.Dropout(0.5)
    check_own_dropout(network)
    with pytest.raises(CheckpointError, match="no dropout layer of the network is called"):
        own_dropout_passes(network, normalise(image.unsqueeze(0)), 3)([0])
