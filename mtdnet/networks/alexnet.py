"""The whole AlexNet of MTDnet-rnk: as deep as MTDnet, and it ranks only."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet.networks.grouped_conv import convolve
from mtdnet.networks.trunk import Trunk, channels
from mtdnet.networks.weight_init import draw


class AlexNet(nn.Module):
    """Five convolutions and three fully connected layers, the last of 512: Chen et al. 2017.

    Krizhevsky et al. 2012 with its order of layers (normalisation, then pool), but without
    dropout, of which Chen et al. say nothing here: distances of dropped features are noise at
    first, and the triplet loss stays where it starts. ``width`` scales the layers after the trunk,
    ``trunk_width`` the trunk.
    """

    def __init__(self, width: float = 1.0, trunk_width: float | None = None) -> None:
        super().__init__()
        self.width, self.trunk_width = width, trunk_width or width
        maps, third = channels(256, self.trunk_width), channels(384, width)
        fifth, hidden = channels(256, width), channels(4096, width)
        self.trunk = Trunk(self.trunk_width, pool_last=True)
        self.conv3 = nn.Conv2d(maps, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, third, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(third, fifth, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.fc6 = nn.Linear(fifth * 6 * 6, hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc = nn.Linear(hidden, channels(512, width))
        heads = dict.fromkeys(("conv4", "conv5", "fc6", "fc7", "fc"), width)
        draw(self, heads | dict.fromkeys(("trunk.conv2", "conv3"), self.trunk_width))

    def embed(self, images: Tensor) -> Tensor:
        """Return ranking features (B, 512 w), float32, unit length, of prepared images."""
        parts = convolve(self.conv3(self.trunk(images)).relu(), self.conv4, self.conv5)
        maps = torch.cat([self.pool(part) for part in parts], dim=1)
        # Flattened in memory order (channels last), as in MTDnet's heads.
        hidden = maps.permute(0, 2, 3, 1).flatten(1)
        hidden = self.fc7(self.fc6(hidden).relu()).relu()
        return F.normalize(self.fc(hidden).float())
