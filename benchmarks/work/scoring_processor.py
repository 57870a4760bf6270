"""Eight-fold scores on a processor."""

from collections.abc import Iterator

import torch

from benchmarks import passes
from benchmarks.rows import Place, Ratio


def measure(place: Place) -> Iterator[Ratio]:
    """Compare a square of pairs with plain passes of its corner: of all they would take hours."""
    return passes.measure(place, 40, 8, (64,), torch.float32, reach=100)
