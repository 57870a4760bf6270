"""What one network makes of images by themselves: ranking features, and conv3's halves."""

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import product

import torch
from torch import Tensor

from mtdnet.device import Device
from mtdnet.networks.base import Network
from mtdnet.networks.heads import flat
from mtdnet.scoring.pieces import Result, each

MIRRORS = (False, True)

Halves = tuple[Tensor, Tensor]


class Extractor:
    """A network's ranking features, and a pair head's halves, on one device.

    It holds weights and settings alone: images, uint8 (R, H, W, 3) RGB, come with each question.
    """

    def __init__(self, network: Network, device: Device) -> None:
        # A copy in the product's own format: autocast would convert the weights for every tile.
        self.type = torch.bfloat16 if device.bf16 else torch.float32
        own = copy.deepcopy(network).to(device.torch, self.type).eval()
        self.network = own.to(memory_format=torch.channels_last)
        self.device = device.torch

    def _each(
        self, images: Tensor, work: Callable[[Tensor], Result], mirrors: tuple[bool, ...] = MIRRORS
    ) -> list[Result]:
        """Return ``work`` of blocks of prepared images, of plain ones and then of mirrored ones."""

        @torch.inference_mode()
        def of(view: tuple[bool, Tensor]) -> Result:
            mirrored, block = view
            own = block.to(self.device)
            own = self.network.trunk.prepare(own.flip(2) if mirrored else own)
            return work(own.to(self.type))

        return list(each(self.device, of, product(mirrors, torch.split(images, 64))))

    def describe(self, images: Tensor) -> tuple[Tensor, Halves]:
        """Return what ``features`` and, by a pair head, ``halves`` do; the trunk is passed once."""

        def work(block: Tensor) -> tuple[Tensor, Halves]:
            maps = self.network.trunk(block)
            return self.network.features(maps), self._halves(maps)

        views, halves = zip(*self._each(images, work), strict=True)
        return _mean(views), _joined(halves)

    def maps(self, images: Tensor) -> Tensor:
        """Return the trunk's maps (R, h w C), the mean of plain and mirrored image's.

        They lie as the ranking head reads them.
        """
        return _mean(self._each(images, lambda block: flat(self.network.trunk(block))))

    def features(self, images: Tensor, mirrors: tuple[bool, ...] = MIRRORS) -> Tensor:
        """Return ranking features (R, F), float32, the mean of plain and mirrored image's.

        Each is a unit vector, so that the mean of four squared distances is ``2 - 2 q.g``. With
        one of ``mirrors`` alone it is that image's.
        """
        views = self._each(images, self.network.embed, mirrors)
        return _mean(views) if len(mirrors) > 1 else torch.cat(views)

    def halves(self, images: Tensor, mirrors: tuple[bool, ...] = MIRRORS) -> Halves:
        """Return conv3's two halves, each (mirrors x R, h, w, 384 width), plain images first."""
        return _joined(
            self._each(images, lambda block: self._halves(self.network.trunk(block)), mirrors)
        )

    def _halves(self, maps: Tensor) -> Halves:
        left, right = self.network.left(maps), self.network.right(maps)
        return left.permute(0, 2, 3, 1), right.permute(0, 2, 3, 1)


def _mean(views: Sequence[Tensor]) -> Tensor:
    """Return the mean of what blocks of plain images and then of mirrored ones gave."""
    half = len(views) // 2
    return (torch.cat(list(views[:half])) + torch.cat(list(views[half:]))) / 2


def _joined(blocks: Iterable[Halves]) -> Halves:
    left, right = (torch.cat(side) for side in zip(*blocks, strict=True))
    return left, right
