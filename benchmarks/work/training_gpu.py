"""A step of training at full width, GPU."""

from collections.abc import Iterator

from benchmarks import training
from benchmarks.rows import Place, Ratio

SHAPES = ((24, 10, False), (24, 10, True), (96, 95, False), (96, 95, True))
STREAMS, STEPS = 128, 20  # triplets a step of three streams, steps timed together


def measure(place: Place) -> Iterator[Ratio]:
    """Time steps of blocks, eager and compiled, against three streams, both in one format."""
    streams = place.device, STREAMS
    return training.measure(place, streams, SHAPES, STEPS, reach=10)
