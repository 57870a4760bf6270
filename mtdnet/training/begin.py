"""What a training begins with: the network, and the source's triplets."""

from pathlib import Path

import torch

from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.networks.pretrained import initialise
from mtdnet.networks.weight_init import fill_hidden_biases, start_as_difference
from mtdnet.params import JointStart, Training
from mtdnet.training.augmentation import Transform
from mtdnet.training.parallel import Distributed
from mtdnet.training.triplets import Triplets
from mtdnet.variants import Variant


def network(
    kind: type[Variant],
    start: Path | None,
    width: float,
    weights: Path | None,
    trunk: str = "caffenet",
    hidden_bias: float = 0.0,
    joint_start: JointStart = "drawn",
    distance_input: bool = False,
) -> Network:
    """Return the network that a training starts from; InputError for one of another kind."""
    if start:
        stored = serialization.load(start / "network.safetensors").network
        if not isinstance(stored, kind.kind):
            raise InputError(f"{start}: a network of another kind; start from `{kind.start}`")
        return stored
    fresh = kind.kind(width, 1.0 if weights else width, trunk)
    fill_hidden_biases(fresh, hidden_bias)
    if joint_start == "difference" and fresh.pair is not None:
        start_as_difference(fresh.pair.conv3)
    if distance_input and fresh.pair is not None:
        fresh.pair.take_distance(fresh.feature_size)
    if weights:
        tensors = initialise(fresh.trunk, weights)
        fresh.pretrained = [fresh.trunk.name, *fresh.fill(tensors, weights)]
    return fresh


def source(
    kind: type[Variant],
    variant: str,
    settings: Training,
    seed: int,
    folders: tuple[Path, Path] | None,
    place: Device,
    group: Distributed,
    transform: Transform | None,
    size: tuple[int, int],
) -> Triplets | None:
    """Return the source's batches, of images of ``size``; None where the variant takes none."""
    count = kind.source_triplets(settings.triplets)
    if not count:
        return None
    if folders is None:
        raise InputError(f"variant '{variant}' needs a source benchmark; train it on a target")
    ingested, augmented = folders
    pixels = place.resident(torch.from_numpy(Images.open(ingested, size).pixels))
    return Triplets.open(augmented, count, seed, pixels, place, group, transform)
