"""Eight-fold scores on a GPU."""

from collections.abc import Iterator

import torch

from benchmarks import passes
from benchmarks.rows import Place, Ratio


def measure(place: Place) -> Iterator[Ratio]:
    """Compare a test of VIPeR's size, its tail as it is and compiled, with plain passes."""
    kind = torch.bfloat16 if place.device.bf16 else torch.float32
    return passes.measure(place, 316, 32, (64, 256, 1024), kind, reach=20, ways=(False, True))
