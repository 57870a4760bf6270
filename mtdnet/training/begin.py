"""What a training begins with: the network, and the source's triplets."""

from pathlib import Path

import torch

from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.networks.pretrained import initialise
from mtdnet.params import Training
from mtdnet.training.parallel import Group
from mtdnet.training.triplets import Triplets
from mtdnet.variants import Variant


def network(
    kind: type[Variant], start: Path | None, width: float, weights: Path | None, trunk: str
) -> Network:
    """Return the network that a training starts from; InputError for one of another kind."""
    if start:
        kept = serialization.load(start / "network.safetensors").network
        if not isinstance(kept, kind.kind):
            raise InputError(f"{start}: a network of another kind; start from `{kind.start}`")
        return kept
    drawn = kind.kind(width, 1.0 if weights else width, trunk)
    if weights:
        initialise(drawn.trunk, weights)
    return drawn


def source(
    kind: type[Variant],
    variant: str,
    settings: Training,
    seed: int,
    folders: tuple[Path, Path] | None,
    place: Device,
    group: Group,
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
    return Triplets.open(augmented, count, seed, pixels, place, group)
