"""The whole AlexNet of MTDnet-rnk: as deep as MTDnet, and it ranks only."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet.errors import InputError
from mtdnet.networks import pretrained
from mtdnet.networks.base import Network
from mtdnet.networks.caffenet import CaffeNet
from mtdnet.networks.grouped_conv import channels, convolve
from mtdnet.networks.heads import flat
from mtdnet.networks.weight_init import draw


class AlexNet(Network):
    """Five convolutions and three fully connected layers, the last of 512: Chen et al. 2017.

    Krizhevsky et al. 2012 with its order of layers (normalisation, then pool) and its dropout.
    Raises InputError for a trunk of another family.
    """

    def __init__(
        self, width: float = 1.0, trunk_width: float | None = None, trunk: str = "caffenet"
    ) -> None:
        super().__init__(width, trunk_width, trunk)
        if not isinstance(self.trunk, CaffeNet):
            raise InputError(
                f"`rnk` is a whole AlexNet, without a trunk '{trunk}'; "
                "set `trunk: caffenet`, or leave it out of `variants`"
            )
        self.trunk.pool_last, self.pair = True, None
        maps, third = self.trunk.channels, channels(384, width)
        fifth, hidden = channels(256, width), channels(4096, width)
        self.conv3 = nn.Conv2d(maps, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, third, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(third, fifth, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        pooled = [(side - 3) // 2 + 1 for side in self.trunk.grid]
        self.fc6 = nn.Linear(fifth * math.prod(pooled), hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.drop = nn.Dropout(0.5)
        self.feature_size = channels(512, width)
        self.fc = nn.Linear(hidden, self.feature_size)
        heads = dict.fromkeys(("conv4", "conv5", "fc6", "fc7", "fc"), width)
        self.trunk.draw()
        draw(self, heads | {"conv3": self.trunk_width})

    def fill(self, tensors: Mapping[str, Tensor], source: Path) -> list[str]:
        """Copy conv3 to fc7 of ImageNet's weights, of full width; return the layers' names.

        To conv5 on a grid that fc6 isn't made for. All or, of a file that lacks one and of a
        narrower network, none. Raises InputError for other shapes.
        """
        layers = ["conv3", "conv4", "conv5"]
        if self.trunk.grid == CaffeNet.grid:
            layers += ["fc6", "fc7"]
        names = [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
        if self.width < 1 or any(name not in tensors for name in names):
            return []
        own = self.state_dict()
        values = {name: tensors[name] for name in names}
        if "fc6" in layers and values["fc6.weight"].shape == own["fc6.weight"].shape:
            maps = values["fc6.weight"].view(-1, self.conv5.out_channels, 6, 6)
            values["fc6.weight"] = flat(maps)  # as `features` flattens
        pretrained.copy(own, values, names, source)
        self.load_state_dict(own)
        return layers

    def features(self, maps: Tensor) -> Tensor:
        """Return ranking features (B, 512 width), float32, unit length, of the trunk's maps."""
        parts = convolve(self.conv3(maps).relu(), self.conv4, self.conv5)
        maps = torch.cat([self.pool(part) for part in parts], dim=1)
        hidden = self.drop(self.fc6(flat(maps)).relu())
        hidden = self.drop(self.fc7(hidden).relu())
        return F.normalize(self.fc(hidden).float())
