"""MTDnet: both losses at once. Its ranking head alone is MTDnet-trp."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import Shown, both
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.variants import Systems, Variant


class MultiTask(Variant):
    """Either loss weighs 1."""

    systems: ClassVar[Systems] = {"MTDnet": "pair", "MTDnet-trp": "ranking"}
    network: MTDnet

    def losses(self, target: Shown, source: Shown | None, margin: float) -> dict[str, Tensor]:
        """Return the triplet and the pair loss."""
        return both(self.network, target, margin)[0]


VARIANT = MultiTask
