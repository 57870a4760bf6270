"""What training on blocks learns beside the paper's list, from equal triplets and in equal time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal

import numpy as np
import torch

from benchmarks.rows import Note, Ratio
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.params import Augment, Split, Training
from mtdnet.protocol.augment import augment
from mtdnet.training import begin
from mtdnet.training.parallel import Group
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets
from mtdnet.training.validation import Validation
from mtdnet.variants.mtdnet import MultiTask

SEEDS = (0, 1, 2)
Draw = Literal["block", "camera"]
LOOK_EVERY = 20  # steps between looks at the clock
TEST = 10  # persons put aside, as in any split


@dataclass(frozen=True)
class Plan:
    """What is trained on what: ``images`` of ingest, ``validation`` persons held out of them.

    ``chosen``: the triplets, whose draw is set by the way; ``width`` of a drawn network, its trunk
    from ``weights`` where given.
    """

    data: str
    images: Path
    validation: int
    chosen: Augment
    settings: Training
    width: float
    weights: Path | None = None


@dataclass(frozen=True)
class Trained:
    """What validation finds after all steps, and after the first ``seconds`` that were allowed."""

    last: dict[str, float]
    within: dict[str, float]
    seconds: float


def compare(plan: Plan, room: Path, device: Device) -> Iterator[Ratio]:
    """Train both ways from the same three seeds, which draw persons, network and triplets."""
    blocks = [_trained(plan, room, "block", seed, device) for seed in SEEDS]
    lists = [
        _trained(plan, room, "camera", seed, device, own.seconds)
        for seed, own in zip(SEEDS, blocks, strict=True)
    ]
    notes: dict[str, Note] = {
        "triplets": plan.settings.steps * plan.settings.triplets,
        "validation persons": plan.validation,
        "width": plan.width,
        "seconds of blocks": sum(one.seconds for one in blocks) / len(SEEDS),
        "of the list": sum(one.seconds for one in lists) / len(SEEDS),
    }
    for head, key in (("pair", "validation_rank1"), ("ranking", "validation_rank1_ranking")):
        own = [one.last[key] for one in blocks]
        for equal, aim, other in (
            ("as many triplets", 1, [one.last[key] for one in lists]),
            ("for as many seconds", None, [one.within[key] for one in lists]),
        ):
            yield Ratio(
                work=f"rank-1 of the {head} head, blocks, {plan.data}",
                against=f"the paper's list, each image and pair computed once, {equal}",
                unit="of validation queries right",
                own=float(np.mean(own)),
                other=float(np.mean(other)),
                reach=aim,
                notes={"blocks": _told(own), "list": _told(other), **notes},
            )


def _told(rates: list[float]) -> str:
    return ", ".join(f"{rate:.1%}" for rate in rates)


def _trained(
    plan: Plan, room: Path, draw: Draw, seed: int, device: Device, allowed: float = float("inf")
) -> Trained:
    """Train on a list of triplets; the first steps, which warm up, are not counted as seconds."""
    augmented, settings = room / f"{draw}-{seed}", plan.settings
    images = Images.open(plan.images)
    split = Split(name="random", seed=seed, test=TEST, validation=plan.validation)
    own = {"draw": draw, "splits": {str(images.counts["benchmark"]): split}}
    chosen = plan.chosen.model_copy(update=own)
    augment(ingested=plan.images, out=augmented, settings=chosen, seed=seed, number=0)
    pixels = device.resident(torch.from_numpy(images.pixels))
    triplets = Triplets.open(augmented, settings.triplets, seed, pixels, device, Group())
    torch.manual_seed(seed)
    network = begin.network(MultiTask, None, plan.width, plan.weights, "caffenet")
    trainer = Trainer(MultiTask, network, settings, device, Group())
    validation = Validation(images, augmented, pixels, device)
    spent, within = 0.0, None
    for first in range(0, settings.steps, LOOK_EVERY):
        begun = perf_counter()
        for step in range(first, min(first + LOOK_EVERY, settings.steps)):
            trainer.step(triplets.shown(step))
        trainer.take_sums(first)  # waits for the device
        spent += perf_counter() - begun if first else 0
        if within is None and spent >= allowed:
            within = validation.measure(network)
    last = validation.measure(network)
    return Trained(last, within or last, spent)
