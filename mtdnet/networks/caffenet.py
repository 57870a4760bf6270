"""CaffeNet's trunk, the paper's: two convolutions."""

import torch
from torch import Tensor, nn

from mtdnet.networks import pretrained
from mtdnet.networks.base import Trunk
from mtdnet.networks.grouped_conv import channels, convolve
from mtdnet.networks.lrn import local_response
from mtdnet.networks.weight_init import draw

MEAN_BGR = (104.0, 117.0, 123.0)


def prepare(pixels: Tensor) -> Tensor:
    """Turn RGB bytes (B, 227, 227, 3) into CaffeNet's input: float32 (B, 3, 227, 227).

    BGR, 0 to 255, less the ImageNet mean (104, 117, 123). The result lies channels-last.
    """
    # A flip of three values and a sum with three are slow on a processor, a stack and rows are not.
    images = torch.stack(pixels.unbind(-1)[::-1], dim=-1).float()
    rows = images.flatten(2)
    rows -= torch.tensor(MEAN_BGR, device=pixels.device).repeat(pixels.shape[2])
    return images.permute(0, 3, 1, 2)


class CaffeNet(Trunk):
    """The first two convolutions, each with ReLU, max pool (3, stride 2) and normalisation.

    Input (B, 3, 227, 227) as ``prepare`` gives it; output (B, 256 width, 13, 13). CaffeNet, and so
    MTDnet, pools before it normalises; AlexNet, and so MTDnet-rnk, after (``pool_last``).
    """

    name = "caffenet"
    grid = (13, 13)
    zero = (123, 117, 104)
    readers = pretrained.CAFFENET
    pool_last = False

    def __init__(self, width: float) -> None:
        super().__init__(width)
        first, second = channels(96, width), channels(256, width)
        self.channels = second
        self.conv1 = nn.Conv2d(3, first, 11, stride=4)
        self.conv2 = nn.Conv2d(first, second, 5, padding=2, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)

    def draw(self) -> None:
        """Draw both layers as published."""
        draw(self, {"conv2": self.width})

    def prepare(self, pixels: Tensor) -> Tensor:
        """Do what the module's ``prepare`` does."""
        return prepare(pixels)

    def forward(self, images: Tensor) -> Tensor:
        """Return the maps that the heads read."""
        maps = self._reduced(self.conv1(images).relu())
        return self._reduced(torch.cat(convolve(maps, self.conv2), dim=1))

    def _reduced(self, maps: Tensor) -> Tensor:
        if self.pool_last:
            pooled: Tensor = self.pool(local_response(maps))
            return pooled
        return local_response(self.pool(maps))


TRUNK = CaffeNet
