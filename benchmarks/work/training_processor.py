"""A step of training at full width, processor."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from benchmarks import training
from benchmarks.rows import Place, Ratio, seconds

PLAIN = 32  # triplets a step
BLOCKS = ((24, 10, False), (24, 10, True), (24, 23, False), (48, 47, False))


def measure(place: Place) -> Iterator[Ratio]:
    """Time steps of blocks, one of them compiled, against three streams a triplet in float32."""
    device, packed = place.device, training.pixels(place.device.torch)
    plain = training.plain(replace(device, bf16=False), packed, PLAIN)
    other = PLAIN / seconds(plain, device.torch, repeat=2)
    for pairs, negatives, compiled in BLOCKS:
        steps = training.fast(device, packed, pairs, negatives, compiled)
        spent = seconds(partial(next, steps), device.torch)
        yield Ratio(
            work=f"training, processor{', compiled' * compiled}",
            against=f"three streams a triplet, plain PyTorch, float32, {PLAIN} a step",
            unit="triplets",
            own=pairs * negatives / spent,
            other=other,
            reach=25,
            share=training.flops(pairs, negatives) / spent / place.peak,
            notes={"pairs a step": pairs, "negatives a pair": negatives},
        )
