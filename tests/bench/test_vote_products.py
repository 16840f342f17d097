"""The bound of votes: it counts the products that the votes compute."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from raysal.bench.networks import with_channel_dropout
from raysal.bench.vote_products import vote_products
from raysal.inference.votes import passes_at_once, vote_map

PASSES, SIZE = 4, (64, 96)


def test_the_products_are_those_of_the_votes() -> None:
    model = with_channel_dropout(11, torch.device("cpu"))
    image_3HW = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8)
    counts = {}
    for name, compute in (
        ("products", vote_products(model, SIZE, PASSES, min(PASSES, passes_at_once(SIZE)))),
        ("votes", lambda: vote_map(model, image_3HW, 0, PASSES, precision="fp32")),
        ("encoder", lambda: model.encoder(torch.rand(1, 3, *SIZE))),
    ):
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            compute()
        counts[name] = counter.get_total_flops()
    after_encoder = counts["votes"] - counts["encoder"]
    assert abs(counts["products"] / after_encoder - 1) < 0.02
