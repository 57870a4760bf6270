"""Validation rank-1 after equal triplets of the source and in equal time, full width, GPU."""

from collections.abc import Iterator

from benchmarks.quality import Plan, compare
from benchmarks.rows import NotMeasured, Place, Ratio
from mtdnet.params import Augment, Training

VALIDATION = 100
SETTINGS = Training(steps=1200, triplets=240, learning_rate=0.003)


def measure(place: Place) -> Iterator[Ratio]:
    """Train on the project's source, its trunk from ImageNet where the project has weights."""
    if place.images is None:
        raise NotMeasured("it needs ingested images")
    plan = Plan(
        place.images.name,
        place.images,
        VALIDATION,
        Augment(pairs=24, rounds=2),
        SETTINGS,
        width=1.0,
        weights=place.weights,
    )
    yield from compare(plan, place.scratch, place.device)
