"""A step of training at full width, GPU."""

from collections.abc import Iterator

import torch

from benchmarks import training
from benchmarks.rows import Place, Ratio, seconds

PAIRS, NEGATIVES, PLAIN, STEPS = 24, 10, 128, 20
AIM = 40_000  # triplets a second


def measure(place: Place) -> Iterator[Ratio]:
    """Time eager and compiled steps of blocks against three streams a triplet, both as it is."""
    device = place.device
    packed = device.resident(training.pixels(torch.device("cpu")))
    plain = training.plain(device, packed, PLAIN)

    def several() -> None:
        for _ in range(STEPS):
            plain()

    other = STEPS * PLAIN / seconds(several, device.torch)
    for pairs, negatives in (
        (PAIRS, NEGATIVES),
        (4 * PAIRS, NEGATIVES),
        (4 * PAIRS, 4 * PAIRS - 1),
    ):
        for compiled in (False, True):
            yield _row(place, packed, pairs, negatives, compiled, other)


def _row(
    place: Place, packed: torch.Tensor, pairs: int, negatives: int, compiled: bool, other: float
) -> Ratio:
    device, triplets = place.device.torch, pairs * negatives
    steps = training.fast(place.device, packed, pairs, negatives, compiled)
    for _ in range(4):  # compiles, records the graphs
        next(steps)

    def several() -> None:
        for _ in range(STEPS):
            next(steps)

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    spent = seconds(several, device) / STEPS
    return Ratio(
        work=f"training, GPU{', compiled with CUDA graphs' * compiled}",
        against=f"three streams a triplet, plain PyTorch, {PLAIN} a step, the same number format",
        unit="triplets",
        own=triplets / spent,
        other=other,
        reach=10,
        share=training.flops(pairs, negatives) / spent / place.peak,
        notes={
            "pairs a step": pairs,
            "negatives a pair": negatives,
            f"of {AIM} triplets a second": triplets / spent / AIM,
            "GiB at most": torch.cuda.max_memory_allocated(device) / 2**30
            if device.type == "cuda"
            else 0,
        },
    )
