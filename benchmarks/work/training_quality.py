"""Validation rank-1: blocks against the paper's list, after equal triplets and in equal time."""

from collections.abc import Iterator

from benchmarks.quality import Plan, compare
from benchmarks.rows import Place, Ratio
from mtdnet import synthetic
from mtdnet.data.ingest import ingest
from mtdnet.params import Augment, Training

PERSONS, VALIDATION, WIDTH = 150, 50, 1 / 16
STEPS = (120, 600)  # before the heads have learnt much, and after


def measure(place: Place) -> Iterator[Ratio]:
    """Train on drawn persons."""
    room = place.scratch
    synthetic.write(room / "data", persons={"cuhk01": PERSONS})
    ingest(
        source=room / "data" / "cuhk01",
        benchmark="cuhk01",
        layout="cuhk01",
        out=room / "images",
        boxes="labeled",
    )
    for steps in STEPS:
        plan = Plan(
            f"{steps} steps, {PERSONS} drawn persons",
            room / "images",
            VALIDATION,
            Augment(pairs=12, rounds=2),
            Training(steps=steps, triplets=120, learning_rate=0.01),
            WIDTH,
        )
        yield from compare(plan, room / str(steps), place.device)
