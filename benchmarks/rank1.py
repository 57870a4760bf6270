"""What the pieces on time to a rank-1 share: CUHK03 trained by both recipes, each with a limit."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

from benchmarks.rows import NotMeasured, Place, Ratio
from mtdnet import params
from mtdnet.params import Params, Split
from mtdnet.tracker import Tracker

CONFIGS = Path(__file__).parents[1] / "configs"
RANKS = (0.3, 0.4, 0.5)
PERSONS, WIDTH = 300, 0.125  # of drawn CUHK03, as in the demo
DRAWN = Split(name="random", test=100, validation=30)
EVERY = 20  # steps between validations, which the seconds hold


class Watch(Tracker):
    """Notes after how many seconds, and steps, each of ``RANKS`` is reached; stops at the limit."""

    def __init__(self, limit: float) -> None:
        self.limit, self.begun = limit, perf_counter()
        self.reached: dict[float, tuple[float, int]] = {}

    def log(self, row: Mapping[str, float]) -> None:
        """Look at a row of the history; raises Enough where there is no more to see."""
        spent = perf_counter() - self.begun
        for rank in RANKS:
            if row["validation_rank1"] >= rank:
                self.reached.setdefault(rank, (spent, int(row["step"])))
        if len(self.reached) == len(RANKS) or spent > self.limit:
            raise Enough


class Enough(Exception):  # noqa: N818 - no error
    """A training has shown what was to be seen."""


def measure(place: Place, minutes: float, persons: int = PERSONS) -> Iterator[Ratio]:
    """Yield, a row a rank-1 of the validation persons, one over the seconds to it of each recipe.

    On drawn persons with narrow networks; with ``place.data`` on its CUHK03 and as the recipes
    stand. A recipe that is not there within ``minutes`` counts with these.
    """
    seen, limit = {}, 60 * minutes
    with patch.dict(os.environ, {"MTDNET_DEVICE": place.device.torch.type}):
        data = _images(place, persons)
        for name in ("modern", "paper"):
            recipe = params.load(CONFIGS / f"{name}.yaml")
            seen[name] = _trained(place, data, name, recipe, limit)
    if not any(watch.reached for watch in seen.values()):
        raise NotMeasured(f"no recipe is at rank-1 {RANKS[0]:.0%} within {minutes:g} minutes")
    for rank in RANKS:
        ways = {name: watch.reached.get(rank) for name, watch in seen.items()}
        seconds = {name: way[0] if way else limit for name, way in ways.items()}
        told = {
            name: f"{way[0]:.0f} s, step {way[1]}" if way else f"not in {minutes:g} minutes"
            for name, way in ways.items()
        }
        if any(ways.values()):
            yield Ratio(
                f"training of MTDnet to rank-1 {rank:.0%}, configs/modern.yaml",
                "configs/paper.yaml",
                "trainings",
                1 / seconds["modern"],
                1 / seconds["paper"],
                notes=told | {"persons": "real" if place.data else f"{persons} drawn"},
            )


def _images(place: Place, persons: int) -> Path:
    """Return the folder of CUHK03, real or drawn."""
    from mtdnet import synthetic

    data = place.data or place.scratch / "data"
    if place.data is None:
        synthetic.write(data, persons={"cuhk03": persons})
    return data / "cuhk03"


def _trained(place: Place, data: Path, name: str, recipe: Params, limit: float) -> Watch:
    """Train by a recipe until all is reached, or for ``limit`` seconds; images come before."""
    from mtdnet.data.ingest import ingest
    from mtdnet.protocol.augment import augment
    from mtdnet.training import Setup, Start, train

    room, section, drawn = place.scratch / name, recipe.pretrain, place.data is None
    ingested = room / "ingest"
    ingest(source=data, benchmark="cuhk03", layout="cuhk03", out=ingested, trunk=recipe.trunk)
    splits = {"cuhk03": DRAWN} if drawn else recipe.augment.splits
    settings = recipe.augment.model_copy(update={"splits": splits})
    augment(ingested=ingested, out=room / "augment", settings=settings, seed=recipe.seed)
    watch = Watch(limit)
    setup = Setup(
        ingested=ingested,
        augmented=room / "augment",
        settings=section.of("mtdnet").model_copy(update={"validate_every": EVERY}),
        seed=recipe.seed,
        start=Start(
            width=WIDTH if drawn else section.width,
            trunk=recipe.trunk,
            weights=None if drawn or section.weights is None else Path(section.weights),
            hidden_bias=section.hidden_bias,
            joint_start=section.joint_start,
            distance_input=section.distance_input,
        ),
    )
    with suppress(Enough):
        train(setup, out=room / "model", checkpoints=room / "checkpoints", tracker=watch)
    return watch
