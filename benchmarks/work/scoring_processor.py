"""Eight-fold scores on a processor, whole test by whole test."""

from collections.abc import Iterator
from time import perf_counter

import numpy as np

from benchmarks import passes
from benchmarks.rows import Place, Ratio
from mtdnet.scoring.scorer import Scorer

OWN, PLAIN = 40, 8  # queries, and gallery images: of 316 the plain way would take hours


def measure(place: Place) -> Iterator[Ratio]:
    """Compare rates: own passes in a square of pairs, the plain ones in its corner."""
    images = passes.pixels(place, 2 * OWN)
    query, gallery = np.arange(OWN), np.arange(OWN, 2 * OWN)
    for weights, network in passes.networks(place).items():
        scorer = Scorer(network, place.device)
        scorer.probabilities(images, query[:2], gallery)  # warms up
        start = perf_counter()
        own = scorer.probabilities(images, query, gallery)
        middle = perf_counter()
        plain = passes.probabilities(network, images, query[:PLAIN], gallery[:PLAIN])
        end = perf_counter()
        image, tail = passes.flops(scorer)
        done = 2 * OWN * image + own.size * 8 * tail
        yield Ratio(
            work=f"eight-fold scores, {weights}",
            against="a forward pass a pair, 64 a batch, float32, plain PyTorch",
            unit="passes",
            own=own.size * 8 / (middle - start),
            other=plain.size * 8 / (end - middle),
            reach=100,
            share=done / (middle - start) / place.peak,
            notes={
                "pairs": f"{OWN} x {OWN} against {PLAIN} x {PLAIN} of them",
                "million multiply-adds a pass, images aside": round(tail / 2e6, 1),
                **passes.compared(own[:PLAIN, :PLAIN], plain),
            },
        )
