"""MTDnet-aug: MTDnet on the target's triplets and as many of the source's."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, multitask_losses
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.variants import Systems, Variant


class Augmented(Variant):
    """Both losses over the triplets of both benchmarks."""

    systems: ClassVar[Systems] = {"MTDnet-aug": "pair"}
    network: MTDnet

    @staticmethod
    def source_triplets(triplets: int) -> int:
        """Return as many as the target's."""
        return triplets

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the means over all triplets: those of two halves, which are of equal size.

        The identity loss is the target's alone.
        """
        assert source is not None
        own, _ = multitask_losses(self.network, target, self.settings, self.classes)
        others, _ = multitask_losses(self.network, source, self.settings)
        return own | {name: (own[name] + loss) / 2 for name, loss in others.items()}


VARIANT = Augmented
