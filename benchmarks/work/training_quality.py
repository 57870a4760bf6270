"""Validation rank-1 after equal triplets: blocks, shared, against the paper's list, plain."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from benchmarks import three_streams, training
from benchmarks.rows import Place, Ratio
from mtdnet import synthetic
from mtdnet.augment import augment
from mtdnet.data.images import Images
from mtdnet.data.ingest import ingest
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Augment, Split, Training
from mtdnet.training.parallel import Group
from mtdnet.training.trainer import Trainer, sgd
from mtdnet.training.triplets import Triplets
from mtdnet.training.validation import Validation
from mtdnet.variants.mtdnet import MultiTask

SEEDS, PERSONS, VALIDATION, WIDTH = (0, 1, 2), 150, 50, 1 / 16
DRAWS: tuple[Literal["block", "camera"], ...] = ("block", "camera")
SETTINGS = Training(steps=120, triplets=120, rate=0.01)


def measure(place: Place) -> Iterator[Ratio]:
    """Train both ways on drawn persons from the same three seeds, which draw everything."""
    room = place.scratch
    synthetic.write(room / "data", persons={"cuhk01": PERSONS})
    ingest(
        source=room / "data" / "cuhk01",
        benchmark="cuhk01",
        layout="cuhk01",
        out=room / "images",
        boxes="labeled",
    )
    found = {draw: [_trained(room, draw, s, place.device) for s in SEEDS] for draw in DRAWS}
    for head, key in (("pair", "validation_rank1"), ("ranking", "validation_rank1_ranking")):
        own, other = ([one[key] for one in found[draw]] for draw in DRAWS)
        yield Ratio(
            work=f"rank-1 of the {head} head, blocks, shared",
            against="the paper's list, three streams a triplet",
            unit="of validation queries right",
            own=float(np.mean(own)),
            other=float(np.mean(other)),
            reach=1,
            notes={
                "blocks": _told(own),
                "plain": _told(other),
                "triplets": SETTINGS.steps * SETTINGS.triplets,
                "drawn persons": f"{PERSONS}, of them validation {VALIDATION}",
                "width": WIDTH,
            },
        )


def _told(rates: list[float]) -> str:
    return ", ".join(f"{rate:.1%}" for rate in rates)


def _trained(
    room: Path, draw: Literal["block", "camera"], seed: int, device: Device
) -> dict[str, float]:
    """Return what validation finds after a training on a list of triplets."""
    augmented = room / f"{draw}-{seed}"
    split = Split(name="random", seed=seed, test=10, validation=VALIDATION)
    chosen = Augment(draw=draw, pairs=12, splits={"cuhk01": split})
    augment(ingested=room / "images", out=augmented, settings=chosen, seed=seed, number=0)
    images = Images.open(room / "images")
    pixels = torch.from_numpy(images.pixels)
    triplets = Triplets.open(augmented, SETTINGS.triplets, seed, pixels, device, Group())
    torch.manual_seed(seed)
    network = MTDnet(WIDTH)
    if draw == "block":
        trainer = Trainer(MultiTask, network, SETTINGS, device, Group())
        for step in range(SETTINGS.steps):
            trainer.step(triplets.shown(step))
    else:
        plain = three_streams.plain(network).train()
        assert isinstance(plain, MTDnet)
        network = plain
        optimiser = sgd(network, SETTINGS)
        for step in range(SETTINGS.steps):
            shown = triplets.shown(step)
            streams = shown.images()[shown.batch.triplets]
            training.plain_step(network, optimiser, streams, device)
    return Validation(images, augmented, pixels, device).measure(network)
