"""How the eight-fold score grows with queries and gallery."""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch

from benchmarks.rows import Curve, Place
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer

WIDTH, FEW, SIZES = 0.25, 16, (32, 64, 128, 256)


def measure(place: Place) -> Iterator[Curve]:
    """Score growing sets of noise with a narrow network: the figures' time, not their worth."""
    torch.manual_seed(0)
    count = FEW + max(SIZES)
    images = torch.randint(0, 256, (count, 227, 227, 3), dtype=torch.uint8)
    scorer = Scorer(MTDnet(WIDTH), place.device)
    few, many = np.arange(FEW), np.arange(FEW, count)
    scorer.probabilities(images, few, many[:FEW])  # warms up
    for over, other in (("queries", "gallery images"), ("gallery images", "queries")):
        points = []
        for size in SIZES:
            sides = (many[:size], few) if over == "queries" else (few, many[:size])
            start = perf_counter()
            scorer.probabilities(images, *sides)
            points.append((float(size), perf_counter() - start))
        yield Curve(
            work=f"eight-fold scores with {FEW} {other}",
            over=over,
            points=points,
            notes={"width of the network": WIDTH},
        )
