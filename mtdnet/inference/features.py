"""What one network sees in images: ranking features, and conv3's halves."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mtdnet import device
from mtdnet.data.pixels import SIDE, stacked
from mtdnet.files import sha256
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.trunk import channels, prepare
from mtdnet.scoring.scorer import Scorer

Halves = tuple[Tensor, Tensor]


class Describer:
    """A trained network, a ``network.safetensors``; InputError when it is none.

    ``scorer`` scores what it sees; ``temperature`` calibrates that, None for a network without a
    pair head. ``features``: values of a ranking feature; ``channels``: those of conv3's halves, 0
    for a network that only ranks.
    """

    def __init__(self, network: Path) -> None:
        kept = serialization.load(network)
        self.sha256 = sha256(network)
        nothing = torch.empty(0, SIDE, SIDE, 3, dtype=torch.uint8)
        self.scorer = Scorer(kept.network, nothing, device.choose())
        self.temperature, self.channels = None, 0
        if isinstance(kept.network, MTDnet):
            self.temperature = kept.temperature or 1.0
            self.channels = kept.network.pair.conv3.out_channels
        self.features = channels(512, kept.network.width)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, halves: bool) -> tuple[Tensor, Halves | None]:
        """Return the ranking features (N, F) of uint8 pixels (N, 227, 227, 3) RGB, and halves.

        Features are the mean of those of the plain and the mirrored image, float32, so that the
        mean of four squared distances is ``2 - 2 q.g``. Halves: left and right, each
        (2 N, 13, 13, C), plain images first, or None. The trunk is passed once.
        """
        network, pixels = self.scorer.network, pixels.to(self.scorer.device)
        features, lefts, rights = [], [], []
        for view in (pixels, pixels.flip(2)):
            images = prepare(view).to(self.scorer.type)
            if not isinstance(network, MTDnet):
                features.append(network.embed(images))
                continue
            maps = network.trunk(images)
            features.append(network.ranking(maps))
            if halves:
                lefts.append(network.pair.left(maps).permute(0, 2, 3, 1))
                rights.append(network.pair.right(maps).permute(0, 2, 3, 1))
        seen = (torch.cat(lefts), torch.cat(rights)) if lefts else None
        return (features[0] + features[1]) / 2, seen


def pixels(files: Sequence[Path]) -> Tensor:
    """Return images, uint8 (N, 227, 227, 3) RGB; InputError names a file that is none."""
    return torch.from_numpy(stacked(files))


def packed(halves: Halves) -> Tensor:
    """Return halves as an index keeps them: float16 (N, 2 sides, 2 mirrors, 13, 13, C)."""
    both = torch.stack(halves)
    return both.view(2, 2, -1, *both.shape[2:]).permute(2, 0, 1, 3, 4, 5).half()


def unpacked(kept: Tensor) -> Halves:
    """Return what ``packed`` was given, in the type of what was kept."""
    left, right = kept.permute(1, 2, 0, 3, 4, 5).flatten(1, 2)
    return left, right
