"""MTDnet-cross: MTDnet beside a frozen copy of the source network, eq. (3) and (4)."""

import copy
from typing import ClassVar

import torch
from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, joint_maps, multitask_losses
from mtdnet.losses.contrastive import contrastive_loss
from mtdnet.networks.base import Network
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Losses
from mtdnet.variants import Systems, Variant


class CrossDomain(Variant):
    """The way that pairs are compared stays near that of the source; only the target's is kept.

    Each of N source pairs, positive and negative ones in turn, is compared with the positive and
    with the negative pair of the target's triplet of the same number.
    """

    systems: ClassVar[Systems] = {"MTDnet-cross": "pair"}
    network: MTDnet

    def __init__(self, network: Network, settings: Losses) -> None:
        """Freeze a copy of the network, which is the source's when a training starts."""
        super().__init__(network, settings)
        self.frozen = copy.deepcopy(self.network).eval().requires_grad_(False)

    @staticmethod
    def source_triplets(triplets: int) -> int:
        """Return half as many: each gives a positive and a negative pair."""
        return triplets // 2

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the losses of MTDnet on the target and the contrastive loss."""
        assert source is not None
        losses, response = multitask_losses(self.network, target, self.settings, self.classes)
        with torch.no_grad():
            maps = self.frozen.trunk(source.images(self.frozen))
            there = self.frozen.pair.response(joint_maps(self.frozen, maps, source.batch))
        own, other = target.batch, source.batch
        pairs = torch.stack([other.positive, other.negative], dim=1).flatten()  # in turn
        count = len(pairs)
        compared = torch.cat([own.positive[:count], own.negative[:count]])
        pairs = pairs.repeat(2)
        losses["contrastive"] = contrastive_loss(
            there[pairs],
            response[compared],
            other.same[pairs],
            own.same[compared],
            self.settings.contrastive.margin,
        )
        return losses


VARIANT = CrossDomain
