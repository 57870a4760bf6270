"""Eight-fold scores on a GPU."""

import copy
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from benchmarks import passes
from benchmarks.rows import Place, Ratio, seconds
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer, Scores

OWN, PLAIN = 316, 32  # queries, and gallery images: VIPeR's test, and the corner of the plain way
BATCHES = (64, 256, 1024)


def measure(place: Place) -> Iterator[Ratio]:
    """Compare whole tests with a sample of plain passes, the tail as it is and compiled."""
    images = passes.pixels(place, 2 * OWN).to(place.device.torch)
    query, gallery = np.arange(OWN), np.arange(OWN, 2 * OWN)
    for weights, network in passes.networks(place).items():
        rates, plain = _plain(place, network, images)
        image, tail = passes.flops(Scorer(network, place.device))
        for name, compiled in (("", False), (", compiled tail", True)):
            scorer = Scorer(network, place.device, compiled)
            scores = partial(scorer.probabilities, images, query, gallery)
            own = scores()
            spent = seconds(scores, place.device.torch, 2)
            done = 2 * OWN * image + own.size * 8 * tail
            yield Ratio(
                work=f"eight-fold scores of {OWN} x {OWN} pairs on a GPU, {weights}{name}",
                against="a forward pass a pair, bf16, plain PyTorch, the best batch of "
                + ", ".join(map(str, BATCHES)),
                unit="passes",
                own=own.size * 8 / spent,
                other=max(rates),
                reach=20,
                share=done / spent / place.peak,
                notes={
                    "tail alone, of peak": round(_tail(place, scorer, images, tail), 3),
                    "plain sample, pairs": f"{PLAIN} x {PLAIN}",
                    "peak memory, GB": round(torch.cuda.max_memory_allocated() / 1e9, 1),
                    **passes.compared(own[:PLAIN, :PLAIN], plain),
                },
            )


def _plain(place: Place, network: MTDnet, images: Tensor) -> tuple[list[float], Scores]:
    """Return the passes a second of each batch, and the scores."""
    kind = torch.bfloat16 if place.device.bf16 else torch.float32
    own = copy.deepcopy(network).to(place.device.torch, kind)
    query, gallery = np.arange(PLAIN), np.arange(OWN, OWN + PLAIN)
    scores = partial(passes.probabilities, own, images, query, gallery)
    spent = [seconds(partial(scores, batch), place.device.torch, 1) for batch in BATCHES]
    return [PLAIN * PLAIN * 8 / each for each in spent], scores(BATCHES[0])


def _tail(place: Place, scorer: Scorer, images: Tensor, flops: float) -> float:
    """Return the fraction of the peak that tails reach."""
    maps = scorer.halves(images[:1])[0][:1]
    joint = maps.repeat(scorer.pairs, 1, 1, 1)
    spent = seconds(lambda: scorer.tail(joint), place.device.torch, 5)
    return scorer.pairs * flops / spent / place.peak
