"""How a step of training grows with pairs and negatives, processor."""

from collections.abc import Iterator

from benchmarks import training
from benchmarks.rows import Curve, Place, seconds


def measure(place: Place) -> Iterator[Curve]:
    """Time steps at full width."""
    packed = training.pixels(place.device.torch)

    def step(pairs: int, negatives: int) -> float:
        steps = training.fast(place.device, packed, pairs, negatives)
        return seconds(lambda: next(steps), place.device.torch, repeat=2)

    sizes = (12, 24, 48)
    points = [(float(pairs), step(pairs, 10)) for pairs in sizes]
    yield Curve("a step, 10 negatives a pair", "positive pairs a block", points)
    points = [(float(count), step(24, count)) for count in (1, 2, 5, 10, 20)]
    yield Curve("a step, 24 positive pairs", "negatives a pair", points)
