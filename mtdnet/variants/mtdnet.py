"""MTDnet: both losses at once. Its ranking head alone is MTDnet-trp, both heads MTDnet-fused."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, multitask_losses
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.variants import Systems, Variant


class MultiTask(Variant):
    """Either loss weighs 1 as published."""

    systems: ClassVar[Systems] = {
        "MTDnet": "pair",
        "MTDnet-trp": "ranking",
        "MTDnet-fused": "fused",
    }
    network: MTDnet

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the triplet and the pair loss."""
        return multitask_losses(self.network, target, self.settings, self.classes)[0]


VARIANT = MultiTask
