"""The systems of Table 1 that are trained, one a module; each module's ``VARIANT`` is its class."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, Literal

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, multitask_losses
from mtdnet.networks.base import Network
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Losses

# scores by probability, by distance of ranking features, by both as validation persons weigh them
Head = Literal["pair", "ranking", "fused"]
Systems = Mapping[str, Head]


class Variant:
    """What a variant minimises, for one ``network`` in training: losses and their settings.

    ``systems``: Table 1's names of what the trained network is scored as, and by which head; the
    first one chooses the snapshot. ``start``: the variant whose source network a training on a
    target starts from. ``kind``: the network's class. ``ranks``: whether its ranking features are
    trained, so that their distance may enter the verdict. ``classes``: (C, F), one vector a
    training person, of who minimises the identity loss; a variant without ranking features has
    none.
    """

    classes: Tensor | None = None

    systems: ClassVar[Systems]
    start: ClassVar[str] = "mtdnet"
    kind: ClassVar[type[Network]] = MTDnet
    ranks: ClassVar[bool] = True

    def __init__(self, network: Network, settings: Losses) -> None:
        """Take the network with the weights that the training starts from."""
        self.network, self.settings = network, settings

    @staticmethod
    def source_triplets(triplets: int) -> int:
        """Return how many triplets of the source go with a step's ``triplets`` of the target."""
        return 0

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the losses of a step by their names in the settings, scalars, not yet weighted.

        ``source``: that many triplets of the source benchmark, None when it takes none. Unless a
        variant says otherwise, they are MTDnet's on the target.
        """
        assert isinstance(self.network, MTDnet)
        return multitask_losses(self.network, target, self.settings, self.classes)[0]

    def objective(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return what is minimised: the sum of ``losses``, each by its weight."""
        weights = {name: float(getattr(self.settings, name).weight) for name in losses}
        first, *rest = (weights[name] * loss for name, loss in losses.items())
        return sum(rest, start=first)


def load(name: str) -> type[Variant]:
    """Return the class of the variant ``name``, one of ``mtdnet.params.VARIANTS``."""
    variant: type[Variant] = import_module(f"mtdnet.variants.{name}").VARIANT
    return variant
