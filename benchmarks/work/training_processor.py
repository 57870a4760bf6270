"""A step of training at full width, processor."""

from collections.abc import Iterator
from functools import partial

from benchmarks import training
from benchmarks.rows import Place, Ratio, seconds

PAIRS, NEGATIVES, PLAIN = 24, 10, 32


def measure(place: Place) -> Iterator[Ratio]:
    """Time eager and compiled steps of a block against three streams a triplet."""
    device, packed = place.device, training.pixels(place.device.torch)
    plain = training.plain(device, packed, PLAIN)
    other = PLAIN / seconds(plain, device.torch, repeat=2)
    for compiled in (False, True):
        steps = training.fast(device, packed, PAIRS, NEGATIVES, compiled)
        spent = seconds(partial(next, steps), device.torch)
        yield Ratio(
            work=f"training, processor{', compiled' * compiled}",
            against="three streams a triplet, plain PyTorch, the same number format",
            unit="triplets",
            own=PAIRS * NEGATIVES / spent,
            other=other,
            reach=25,
            share=training.flops(PAIRS, NEGATIVES) / spent / place.peak,
            notes={"triplets a step": PAIRS * NEGATIVES, "and plain": PLAIN},
        )
