"""MTDnet-joint: MTDnet from a network that was trained on the persons of all benchmarks."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, multitask_losses
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import JOINT
from mtdnet.variants import Systems, Variant


class Joint(Variant):
    """Both losses, first on every benchmark's training persons, then on the target's.

    Domain-guided training of Xiao et al. 2016 begins so: small sets gain most by it.
    """

    systems: ClassVar[Systems] = {"MTDnet-joint": "pair"}
    start = JOINT
    network: MTDnet

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the triplet and the pair loss of triplets of one benchmark."""
        return multitask_losses(self.network, target, self.settings, self.classes)[0]


VARIANT = Joint
