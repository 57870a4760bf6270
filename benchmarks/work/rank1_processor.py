"""Time to a rank-1 on CUHK03's validation persons, processor."""

from collections.abc import Iterator

from benchmarks import rank1
from benchmarks.rows import Place, Ratio


def measure(place: Place) -> Iterator[Ratio]:
    """Train by both recipes, ten minutes each at most."""
    return rank1.measure(place, minutes=10)
