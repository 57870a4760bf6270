"""The systems of Table 1 that are trained, one a module; each module's ``VARIANT`` is its class."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, Literal

from torch import Tensor

from mtdnet.losses.batch import Shown
from mtdnet.networks.base import Network
from mtdnet.networks.mtdnet import MTDnet

Head = Literal["pair", "ranking"]  # scores by probability, by distance of ranking features
Systems = Mapping[str, Head]


class Variant:
    """What a variant minimises, for one ``network`` in training.

    ``systems``: Table 1's names of what the trained network is scored as, and by which head; the
    first one chooses the snapshot. ``start``: the variant whose source network a training on a
    target starts from. ``kind``: the network's class.
    """

    systems: ClassVar[Systems]
    start: ClassVar[str] = "mtdnet"
    kind: ClassVar[type[Network]] = MTDnet

    def __init__(self, network: Network) -> None:
        """Take the network with the weights that the training starts from."""
        self.network = network

    @staticmethod
    def source_triplets(triplets: int) -> int:
        """Return how many triplets of the source go with a step's ``triplets`` of the target."""
        return 0

    def losses(self, target: Shown, source: Shown | None, margin: float) -> dict[str, Tensor]:
        """Return the losses of a step by name, scalars; their sum is minimised.

        ``source``: that many triplets of the source benchmark, None when it takes none.
        """
        raise NotImplementedError


def load(name: str) -> type[Variant]:
    """Return the class of the variant ``name``, one of ``mtdnet.params.VARIANTS``."""
    found: type[Variant] = import_module(f"mtdnet.variants.{name}").VARIANT
    return found
