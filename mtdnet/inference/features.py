"""What one network sees in images: ranking features, and conv3's halves."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet import device
from mtdnet.data.picture import Source
from mtdnet.data.pixels import stacked
from mtdnet.files import sha256
from mtdnet.metrics.calibration import calibrated
from mtdnet.networks import serialization
from mtdnet.scoring.extractor import Halves
from mtdnet.scoring.scorer import Scorer


class Describer:
    """A trained network, a ``network.safetensors``; InputError when it is none.

    It keeps nothing of what it is asked: threads may share one. ``scorer`` scores images; what
    scores are is ``measure``: "probability" for a network with a pair head, else "distance".
    ``temperature`` calibrates probabilities; of a network that is not calibrated it is None, and
    they stay what the pair head gives. ``size``: height and width of the images that it takes;
    ``features``: values of a ranking feature; ``channels`` and ``grid`` (h, w): those of conv3's
    halves, 0 channels for a network that only ranks.
    """

    def __init__(self, network: Path) -> None:
        self.source = network
        model = serialization.load(network)
        self.scorer = Scorer(model.network, device.choose())
        self.temperature, pair = model.temperature, model.network.pair
        self.channels = pair.half_channels if pair is not None else 0
        self.features, trunk = model.network.feature_size, model.network.trunk
        self.size, self.grid = trunk.size, trunk.grid
        self.measure = "distance" if pair is None else "probability"

    @cached_property
    def sha256(self) -> str:
        """The hash of the network's file, which must be there still."""
        return sha256(self.source)

    def describe(self, images: Tensor, halves: bool) -> tuple[Tensor, Halves | None]:
        """Return ``Scorer.features`` of images, uint8 (N, H, W, 3) RGB, and their halves."""
        return self.scorer.describe(images) if halves else (self.scorer.features(images), None)

    def calibrated(self, probability: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return calibrated probabilities: float64, for a low temperature makes ties near 1."""
        return calibrated(probability, self.temperature or 1.0)


def pixels(images: Sequence[Source], size: tuple[int, int]) -> Tensor:
    """Return images, uint8 (N, *size, 3) RGB; InputError names one that is none."""
    return torch.from_numpy(stacked(images, size))


def packed(halves: Halves) -> Tensor:
    """Return halves as an index keeps them: float16 (N, 2 sides, 2 mirrors, h, w, C)."""
    both = torch.stack(halves)
    return both.view(2, 2, -1, *both.shape[2:]).permute(2, 0, 1, 3, 4, 5).half()


def unpacked(stored: Tensor) -> Halves:
    """Return what ``packed`` was given, in the type of ``stored``."""
    left, right = stored.permute(1, 2, 0, 3, 4, 5).flatten(1, 2)
    return left, right
