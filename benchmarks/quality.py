"""What training on blocks learns, beside the paper's list by three streams, from equal triplets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from benchmarks import three_streams, training
from benchmarks.rows import Ratio
from mtdnet.augment import augment
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Augment, Split, Training
from mtdnet.training import begin
from mtdnet.training.parallel import Group
from mtdnet.training.trainer import Trainer, sgd
from mtdnet.training.triplets import Triplets
from mtdnet.training.validation import Validation
from mtdnet.variants.mtdnet import MultiTask

SEEDS = (0, 1, 2)
Draw = Literal["block", "camera"]
DRAWS: tuple[Draw, ...] = ("block", "camera")


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


def compare(plan: Plan, room: Path, device: Device) -> Iterator[Ratio]:
    """Train both ways from the same three seeds, which draw persons, network and triplets."""
    found = {draw: [_trained(plan, room, draw, s, device) for s in SEEDS] for draw in DRAWS}
    for head, key in (("pair", "validation_rank1"), ("ranking", "validation_rank1_ranking")):
        own, other = ([one[key] for one in found[draw]] for draw in DRAWS)
        yield Ratio(
            work=f"rank-1 of the {head} head, blocks, shared, {plan.data}",
            against="the paper's list, three streams a triplet, as many triplets",
            unit="of validation queries right",
            own=float(np.mean(own)),
            other=float(np.mean(other)),
            reach=1,
            notes={
                "blocks": _told(own),
                "plain": _told(other),
                "triplets": plan.settings.steps * plan.settings.triplets,
                "validation persons": plan.validation,
                "width": plan.width,
            },
        )


def _told(rates: list[float]) -> str:
    return ", ".join(f"{rate:.1%}" for rate in rates)


def _trained(plan: Plan, room: Path, draw: Draw, seed: int, device: Device) -> dict[str, float]:
    """Return what validation finds after a training on a list of triplets."""
    augmented, settings = room / f"{draw}-{seed}", plan.settings
    images = Images.open(plan.images)
    split = Split(name="random", seed=seed, test=10, validation=plan.validation)
    chosen = replace(plan.chosen, draw=draw, splits={str(images.counts["benchmark"]): split})
    augment(ingested=plan.images, out=augmented, settings=chosen, seed=seed, number=0)
    pixels = device.resident(torch.from_numpy(images.pixels))
    triplets = Triplets.open(augmented, settings.triplets, seed, pixels, device, Group())
    torch.manual_seed(seed)
    network = begin.network(MultiTask, None, plan.width, plan.weights).to(device.torch)
    assert isinstance(network, MTDnet), "the multi-task network"
    if draw == "block":
        trainer = Trainer(MultiTask, network, settings, device, Group())
        for step in range(settings.steps):
            trainer.step(triplets.shown(step))
    else:
        plain = three_streams.plain(network).train()
        assert isinstance(plain, MTDnet), "the multi-task network"
        network, optimiser = plain, sgd(plain, settings)
        for step in range(settings.steps):
            shown = triplets.shown(step)
            streams = shown.images()[shown.batch.triplets]
            training.plain_step(network, optimiser, streams, device)
    return Validation(images, augmented, pixels, device).measure(network)
