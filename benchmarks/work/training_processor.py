"""A step of training at full width, processor."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks import training
from benchmarks.rows import Place, Ratio

SHAPES = ((24, 10, False), (24, 23, False))


def measure(place: Place) -> Iterator[Ratio]:
    """Time steps of blocks against three streams a triplet in float32."""
    streams = replace(place.device, bf16=False), 32
    return training.measure(place, streams, SHAPES, steps=1, reach=25)
