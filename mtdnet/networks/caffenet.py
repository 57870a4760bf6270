"""The trunk: the two convolutions that every image passes, shared by both heads."""

import torch
from torch import Tensor, nn

from mtdnet.networks.grouped_conv import convolve
from mtdnet.networks.lrn import local_response

SIDE = 227  # pixels; without padding conv1 gives 55 x 55 and the trunk 13 x 13
MEAN_BGR = (104.0, 117.0, 123.0)


def channels(full: int, width: float) -> int:
    """Scale a layer of ``full`` channels by ``width`` in (0, 1], to an even number of 2 or more."""
    return max(2, 2 * round(full * width / 2))


def prepare(pixels: Tensor) -> Tensor:
    """Turn RGB bytes (B, 227, 227, 3) into CaffeNet's input: float32 (B, 3, 227, 227).

    BGR, 0 to 255, less the ImageNet mean (104, 117, 123). The result lies channels-last.
    """
    mean = torch.tensor(MEAN_BGR, device=pixels.device)
    return (pixels.flip(-1).float() - mean).permute(0, 3, 1, 2)


class Trunk(nn.Module):
    """The first two convolutions, each with ReLU, max pool (3, stride 2) and normalisation.

    Input (B, 3, 227, 227) as ``prepare`` gives it; output (B, 256 w, 13, 13). CaffeNet, and so
    MTDnet, pools before it normalises; AlexNet, and so MTDnet-rnk, after (``pool_last``).
    """

    def __init__(self, width: float, pool_last: bool = False) -> None:
        super().__init__()
        first, second = channels(96, width), channels(256, width)
        self.conv1 = nn.Conv2d(3, first, 11, stride=4)
        self.conv2 = nn.Conv2d(first, second, 5, padding=2, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.pool_last = pool_last

    def forward(self, images: Tensor) -> Tensor:
        """Return the maps that the heads read."""
        maps = self._reduced(self.conv1(images).relu())
        return self._reduced(torch.cat(convolve(maps, self.conv2), dim=1))

    def _reduced(self, maps: Tensor) -> Tensor:
        if self.pool_last:
            pooled: Tensor = self.pool(local_response(maps))
            return pooled
        return local_response(self.pool(maps))
