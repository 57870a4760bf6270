"""MTDnet-cls: the pair loss alone."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, joint_maps, shared_pair_loss
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.variants import Systems, Variant


class Classification(Variant):
    """MTDnet with weight 0 on the triplet loss; the ranking head keeps its first weights.

    So their distance says nothing, and doesn't enter the verdict.
    """

    systems: ClassVar[Systems] = {"MTDnet-cls": "pair"}
    ranks = False
    network: MTDnet

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the pair loss, eq. (2)."""
        maps = self.network.trunk(target.images(self.network))
        joint, head = joint_maps(self.network, maps, target.batch), self.network.pair
        return {"pair": shared_pair_loss(head, head.response(joint), joint, target, self.settings)}


VARIANT = Classification
